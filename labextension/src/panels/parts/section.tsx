import * as React from 'react';

import type { ISidebarModel } from '../../interfaces';

interface Props {
  readonly model: ISidebarModel;
  readonly name: string;
  readonly title: string;
  /** What stands beside the title, such as how many there are. */
  readonly digest?: string;
  readonly children: React.ReactNode;
}

/** A part of the sidebar that folds; what is folded is not rendered. */
export function Section({ model, name, title, digest, children }: Props): React.ReactElement {
  const isFolded = model.folded.has(name);
  const heading = `sm-magics-${name}-heading`;
  return (
    <section className="sm-magics-Section" aria-labelledby={heading} tabIndex={-1} data-sm-keep="">
      <h3 className="sm-magics-Section-heading">
        <button
          type="button"
          id={heading}
          aria-expanded={!isFolded}
          onClick={() => model.setFolded(name, !isFolded)}
        >
          {title}
          {digest ? <span className="sm-magics-Quiet"> {digest}</span> : null}
        </button>
      </h3>
      {isFolded ? null : <div className="sm-magics-Section-body">{children}</div>}
    </section>
  );
}

import * as React from 'react';

interface Props {
  readonly children: React.ReactNode;
  readonly onClick: () => void;
  /** What it acts on, for those who hear the button without what stands around it. */
  readonly of?: string;
  readonly looks?: 'main' | 'link';
  /** Why it does nothing now; empty where it does. */
  readonly refusal?: string;
  readonly isExpanded?: boolean;
  /** What a pointer that rests on it is told. */
  readonly title?: string;
}

/** A button that keeps the focus when it can do nothing: it is never `disabled`. */
export function Button(props: Props): React.ReactElement {
  const { children, onClick, of, looks, refusal, isExpanded, title } = props;
  return (
    <button
      type="button"
      className={`sm-magics-Button${looks ? ` sm-magics-mod-${looks}` : ''}`}
      aria-disabled={refusal ? true : undefined}
      aria-expanded={isExpanded}
      title={refusal || title}
      onClick={() => {
        if (!refusal) {
          onClick();
        }
      }}
    >
      {children}
      {of ? <span className="sm-magics-Hidden"> {of}</span> : null}
    </button>
  );
}

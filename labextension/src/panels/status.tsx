import * as React from 'react';

import type { Outcome } from '../interfaces';
import { Preformatted } from './parts/preformatted';
import { useScrolls } from './parts/scrolls';
import type { View } from './view';

interface Props {
  readonly outcome: Outcome | null;
  /** What the view itself has to say, newer than the outcome; else empty. */
  readonly notice: string;
  readonly trans: View['trans'];
}

/** How the last thing ended. It stays in sight above the sections, and is read aloud. */
export function Status({ outcome, notice, trans }: Props): React.ReactElement {
  const ended = notice ? null : outcome;
  const wentWrong = ended?.wentWrong === true;
  const [ref, scrolls] = useScrolls<HTMLElement>();
  return (
    <section
      ref={ref}
      aria-label={trans.__('Outcome')}
      className={`sm-magics-Status${wentWrong ? ' sm-magics-mod-error' : ''}`}
      tabIndex={scrolls ? 0 : -1}
      data-sm-keep=""
    >
      <div role="status" aria-live="polite" className="sm-magics-Text">
        {ended ? told(ended, trans) : notice}
      </div>
      {ended?.details ? (
        <details>
          <summary>{trans.__('Details')}</summary>
          <Preformatted label={trans.__('Details')} text={ended.details} />
        </details>
      ) : null}
    </section>
  );
}

function told(outcome: Outcome, trans: View['trans']): string {
  const { subject, text } = outcome;
  if (!outcome.wentWrong) {
    return `${subject}: ${text}`;
  }
  return outcome.what === 'check'
    ? trans.__('Check of %1 failed: %2', subject, text)
    : trans.__('Export of %1 failed: %2', subject, text);
}

import * as React from 'react';

import type { Check, Finding, Related } from '../../messages';
import { forTarget, isReachable, type Where, whereabouts } from '../../words';
import { severityWord } from '../severity';
import { goTo, type View } from '../view';
import { Button } from './button';

interface Props {
  readonly view: View;
  readonly check: Check;
  readonly finding: Finding;
}

/** One finding: what, where, what to do, and behind its code what comes of it. */
export function FindingItem({ view, check, finding }: Props): React.ReactElement {
  const { trans } = view;
  const [isOpen, setOpen] = React.useState(false);
  const stale = check.is_stale ? ' sm-magics-mod-stale' : '';
  return (
    <li
      className={`sm-magics-Finding sm-magics-mod-${finding.severity}${stale}`}
      tabIndex={-1}
      data-sm-keep=""
    >
      <p>
        <span className="sm-magics-Finding-severity">{severityWord(finding.severity, trans)}</span>{' '}
        <Button
          looks="link"
          isExpanded={isOpen}
          of={trans.__('help')}
          title={trans.__('What comes of it')}
          onClick={() => setOpen(!isOpen)}
        >
          <code>{finding.code}</code>
          <span className="sm-magics-Finding-why" aria-hidden="true">
            ?
          </span>
        </Button>{' '}
        <code>{check.subject}</code>
        <span className="sm-magics-Quiet">
          {' '}
          {forTarget(check.target, trans)}
          {finding.count > 1 ? <> · {trans._n('%1 time', '%1 times', finding.count)}</> : null}
        </span>
      </p>
      {isOpen ? (
        <dl className="sm-magics-Help">
          <dt>{finding.title}</dt>
          <dd>{finding.consequence}</dd>
        </dl>
      ) : null}
      <p className="sm-magics-Text">{finding.message}</p>
      <Spot view={view} place={finding} text={whereabouts(finding, trans)} />
      {finding.hint ? <p className="sm-magics-Text sm-magics-Quiet">{finding.hint}</p> : null}
      {check.is_stale ? <p>{trans.__('from before the cell changed or ran again')}</p> : null}
      {finding.related.map((related) => (
        <RelatedSpot key={relatedKey(related)} view={view} related={related} />
      ))}
    </li>
  );
}

function relatedKey(related: Related): string {
  return `${related.what} ${related.cell_id} ${related.cell} ${related.line}`;
}

function RelatedSpot({ view, related }: { view: View; related: Related }): React.ReactElement {
  const place = whereabouts(related, view.trans);
  return (
    <Spot view={view} place={related} text={place ? `${related.what}: ${place}` : related.what} />
  );
}

interface SpotProps {
  readonly view: View;
  readonly place: Where;
  readonly text: string;
}

/** A place: a button where one can go there. */
function Spot({ view, place, text }: SpotProps): React.ReactElement | null {
  if (!text) {
    return null;
  }
  return (
    <p>
      {isReachable(place) ? (
        <Button looks="link" onClick={() => void goTo(view, place)}>
          {text}
        </Button>
      ) : (
        <span className="sm-magics-Quiet">{text}</span>
      )}
    </p>
  );
}

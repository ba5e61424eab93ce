import * as React from 'react';

import type { Check, Model } from '../messages';
import { isReachable, size, whereabouts } from '../words';
import { Button } from './parts/button';
import { Section } from './parts/section';
import { failedCheck, summary } from './severity';
import { attempt, goTo, type View } from './view';

/** The models of the notebook: what they are, and what one can do with each. */
export function Models(view: View): React.ReactElement {
  const { model, kernel, trans } = view;
  const count = kernel.models.length + kernel.moreModels;
  return (
    <Section model={model} name="models" title={trans.__('Models')} digest={String(count)}>
      {count === 0 ? <p>{trans.__('None yet. Run a cell that makes a model.')}</p> : null}
      <ul className="sm-magics-List">
        {kernel.models.map((one) => (
          <Entry key={one.name} view={view} one={one} />
        ))}
      </ul>
      {kernel.moreModels > 0 ? (
        <p>{trans._n('… and %1 more', '… and %1 more', kernel.moreModels)}</p>
      ) : null}
    </Section>
  );
}

function Entry({ view, one }: { view: View; one: Model }): React.ReactElement {
  const { model, host, trans } = view;
  const others = one.names.filter((name) => name !== one.name);
  return (
    <li className="sm-magics-Card" tabIndex={-1} data-sm-keep="">
      <h4>
        {isReachable(one) ? (
          <Button looks="link" onClick={() => void goTo(view, one)}>
            <code>{one.name}</code>
          </Button>
        ) : (
          <code>{one.name}</code>
        )}
      </h4>
      <p className="sm-magics-Quiet">{facts(one, view).join(' · ')}</p>
      {others.length > 0 ? (
        <p className="sm-magics-Quiet">
          {trans.__('also')} <code>{others.join(', ')}</code>
        </p>
      ) : null}
      <Standing one={one} view={view} />
      <div className="sm-magics-Buttons">
        <Button of={one.name} onClick={() => void model.check(one.name)}>
          {trans.__('Check')}
        </Button>
        <Button of={one.name} onClick={() => view.startExport(one.name)}>
          {trans.__('Export')}
        </Button>
        <Button of={one.name} onClick={() => void attempt(view, () => host.runCell(one.panel))}>
          {trans.__('Panel')}
        </Button>
      </div>
    </li>
  );
}

function facts(one: Model, { trans }: View): string[] {
  const kind = one.framework ? `${one.kind}, ${one.framework}` : one.kind;
  const place = whereabouts(one, trans);
  return [
    kind,
    ...(one.bytes > 0 || one.built !== false ? [size(one.bytes, trans)] : []),
    ...(one.built === false ? [trans.__('not built yet')] : []),
    ...(place ? [place] : []),
  ];
}

/** What is known of it from its checks. */
function Standing({ one, view }: { one: Model; view: View }): React.ReactElement | null {
  const { kernel, trans } = view;
  const check = kernel.checks.find((done) => done.subject === one.name);
  const failed = failedCheck(kernel.outcome);
  if (failed !== null && (failed === one.name || one.names.includes(failed))) {
    return <p>{trans.__('the last check failed')}</p>; // an older one says nothing any more
  }
  return check ? <p>{standing(check, view)}</p> : null;
}

function standing(check: Check, { trans }: View): string {
  const found = summary(check.findings, trans);
  return check.is_stale ? trans.__('%1, from before the cell changed or ran again', found) : found;
}

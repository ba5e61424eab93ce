import * as React from 'react';

import type { Check, Finding } from '../messages';
import { forTarget } from '../words';
import { type Choice, SelectField } from './parts/fields';
import { FindingItem } from './parts/finding';
import { Section } from './parts/section';
import { counted, failedCheck, SEVERITIES, summary } from './severity';
import type { View } from './view';

/** What the last checks and exports found, the worst first. */
export function Findings(view: View): React.ReactElement {
  const { model, kernel, trans } = view;
  const checks = kernel.checks;
  const all = checks.flatMap((check) => check.findings);
  const failed = failedCheck(kernel.outcome);
  const isAtOne = kernel.jobs.some((job) => job.what === 'check');
  return (
    <Section
      model={model}
      name="findings"
      title={trans.__('Findings')}
      digest={checks.length > 0 ? summary(all, trans) : ''}
    >
      <SelectField
        label={trans.__('target')}
        help={trans.__('Where the exports go. What has been checked is checked again for it.')}
        value={model.effectiveTarget}
        choices={targetChoices(view)}
        onChange={(target) => model.setTarget(target)}
      />
      {failed !== null ? <p>{trans.__('The last check of %1 failed.', failed)}</p> : null}
      {checks.length === 0 && !isAtOne && failed === null ? (
        <p>{trans.__('Nothing has been checked yet. Press Check at a model.')}</p>
      ) : null}
      {SEVERITIES.map((severity) => (
        <Group key={severity} view={view} severity={severity} />
      ))}
      <Clean checks={checks} view={view} />
    </Section>
  );
}

/** The targets, each with what it means. */
export function targetChoices({ trans }: Pick<View, 'trans'>): Choice[] {
  return [
    { value: 'any', text: trans.__('any: a CPU or a GPU') },
    { value: 'cpu', text: trans.__('cpu') },
    { value: 'gpu', text: trans.__('gpu') },
    { value: 'tpu', text: trans.__('tpu') },
  ];
}

interface GroupProps {
  readonly view: View;
  readonly severity: Finding['severity'];
}

function Group({ view, severity }: GroupProps): React.ReactElement | null {
  const rows = view.kernel.checks.flatMap((check) =>
    check.findings
      .filter((finding) => finding.severity === severity)
      .map((finding, index) => ({
        check,
        finding,
        key: `${check.subject} ${finding.code} ${index}`,
      })),
  );
  if (rows.length === 0) {
    return null;
  }
  return (
    <>
      <h4>{counted(severity, rows.length, view.trans)}</h4>
      <ul className="sm-magics-List">
        {rows.map(({ check, finding, key }) => (
          <FindingItem key={key} view={view} check={check} finding={finding} />
        ))}
      </ul>
    </>
  );
}

/** Those in which nothing was found: that is an answer, too. */
function Clean({ checks, view }: { checks: readonly Check[]; view: View }): React.ReactElement {
  const { trans } = view;
  return (
    <ul className="sm-magics-List">
      {checks
        .filter((check) => check.findings.length === 0)
        .map((check) => (
          <li key={check.subject} className={check.is_stale ? 'sm-magics-mod-stale' : ''}>
            <code>{check.subject}</code>: {trans.__('no findings')} {forTarget(check.target, trans)}
            {check.is_stale ? (
              <> · {trans.__('from before the cell changed or ran again')}</>
            ) : null}
          </li>
        ))}
    </ul>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Outcome } from '../interfaces';
import type { Finding } from '../messages';

/** How bad a finding is. */
export type Severity = Finding['severity'];

/** The worst one first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** A severity as a word. */
export function severityWord(severity: Severity, trans: TranslationBundle): string {
  switch (severity) {
    case 'error':
      return trans.__('error');
    case 'warning':
      return trans.__('warning');
    case 'info':
      return trans.__('info');
  }
}

/** "2 errors": a number of findings with their severity. */
export function counted(severity: Severity, count: number, trans: TranslationBundle): string {
  switch (severity) {
    case 'error':
      return trans._n('%1 error', '%1 errors', count);
    case 'warning':
      return trans._n('%1 warning', '%1 warnings', count);
    case 'info':
      return trans._n('%1 info', '%1 infos', count);
  }
}

/** "1 error, 2 warnings", or "no findings". */
export function summary(findings: readonly Finding[], trans: TranslationBundle): string {
  const parts = SEVERITIES.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count > 0 ? counted(severity, count, trans) : '';
  });
  return parts.filter(Boolean).join(', ') || trans.__('no findings');
}

/** The subject of the check that has just failed; null if none has. */
export function failedCheck(outcome: Outcome | null): string | null {
  return outcome?.what === 'check' && outcome.wentWrong ? outcome.subject : null;
}

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Placed } from './findings';

/** Why a mark is faded: the kernel says so, or the cell's text is another one. */
export type Fading = 'none' | 'model' | 'text';

/** A finding in words. What comes from the kernel is text, whatever it looks like. */
export interface Words {
  readonly head: string;
  readonly message: string;
  readonly hint: string;
  readonly more: string;
  readonly fading: string;
}

/** Put a finding into words. */
export function words(placed: Placed, fading: Fading, trans: TranslationBundle): Words {
  const { code, severity, message, hint, count } = placed.finding;
  const named = { error: trans.__('error'), warning: trans.__('warning'), info: trans.__('info') };
  const where = placed.finding.function;
  const isCounted = count === 1 || new RegExp(`\\b${count}\\b`).test(message);
  const more = [
    where === null ? '' : trans.__('in %1', where),
    isCounted ? '' : trans._n('%1 time', '%1 times', count),
  ];
  const why = {
    none: '',
    model: trans.__('The model or its cell has changed since this was found.'),
    text: trans.__('The text of this cell has changed since this was found.'),
  };
  return {
    head: [code, named[severity], placed.subject].filter(Boolean).join(' · '),
    message,
    hint,
    more: more.filter(Boolean).join(' · '),
    fading: why[fading],
  };
}

/** The words of a finding, a line each. */
export function plain(words: Words): string {
  return PARTS.map((part) => words[part])
    .filter(Boolean)
    .join('\n');
}

/** The words of a finding as an element, made of text nodes only. */
export function element(words: Words): HTMLElement {
  const whole = document.createElement('div');
  whole.className = 'sm-magics-Found';
  for (const part of PARTS) {
    if (words[part]) {
      const line = document.createElement('div');
      line.className = `sm-magics-Found-${part}`;
      line.textContent = words[part];
      whole.append(line);
    }
  }
  return whole;
}

const PARTS = ['head', 'message', 'hint', 'more', 'fading'] as const;

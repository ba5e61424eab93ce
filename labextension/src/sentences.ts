/**
 * What a person is told about a kernel.
 *
 * How a job ended is shown behind its subject ("model: …", "Export of model failed: …"), so that it
 * doesn't name it once more.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Outcome } from './interfaces';
import type { Order } from './jobs';
import type { Loss } from './link';
import type { Done, Failed } from './messages';

/** Why a job gets no answer, as the end of a sentence; `lossText` is a whole one. */
export function lossReason(loss: Loss, trans: TranslationBundle): string {
  switch (loss) {
    case 'ended':
      return trans.__('the kernel has ended, or restarts');
    case 'restarted':
      return trans.__('the kernel was restarted');
    case 'unloaded':
      return trans.__('sm_magics was unloaded from the kernel');
  }
}

/** Why a request gets no answer. */
export function lossText(loss: Loss, trans: TranslationBundle): string {
  switch (loss) {
    case 'ended':
      return trans.__('The kernel ended or restarts.');
    case 'restarted':
      return trans.__('The kernel was restarted.');
    case 'unloaded':
      return trans.__('sm_magics was unloaded from the kernel.');
  }
}

/** Why a request can't be sent. */
export function unreachableText(trans: TranslationBundle): string {
  return trans.__('There is no connection to sm_magics in the kernel; load it first.');
}

/** What to do if both ends speak different versions. */
export function outdatedText(trans: TranslationBundle): string {
  return trans.__(
    'The kernel has another version of sm_magics than JupyterLab. Install the same one on both sides, restart the kernel and reload the page.',
  );
}

/** How a job ended that the kernel has answered. */
export function ended(order: Order, answer: Done | Failed, trans: TranslationBundle): Outcome {
  const { kind: what, model: subject } = order;
  if (answer.kind === 'failed') {
    const isCancelled = answer.reason === 'cancelled';
    const text =
      answer.text ||
      (isCancelled ? trans.__('cancelled') : trans.__('the kernel does not say why'));
    return { what, subject, text, wentWrong: !isCancelled, details: answer.details };
  }
  const done = what === 'check' ? trans.__('checked') : trans.__('exported');
  return { what, subject, text: answer.text || done, wentWrong: false, details: '' };
}

/** How jobs ended that were dropped before the kernel had them; null if there are none. */
export function dropped(orders: readonly Order[], trans: TranslationBundle): Outcome | null {
  const [first] = orders;
  if (first === undefined) {
    return null;
  }
  const text =
    orders.length === 1
      ? trans.__('cancelled before it began')
      : trans._n(
          '%1 job was cancelled before it began',
          '%1 jobs were cancelled before they began',
          orders.length,
        );
  const subject = [...new Set(orders.map(({ model }) => model))].join(', ');
  return { what: first.kind, subject, text, wentWrong: false, details: '' };
}

/** How a job ended that can't be sent. */
export function refused(order: Order, trans: TranslationBundle): Outcome {
  const text = trans.__('no connection to sm_magics in the kernel; load it first');
  return { what: order.kind, subject: order.model, text, wentWrong: true, details: '' };
}

/** How a job ended whose answer never comes; `why` is the end of a sentence. */
export function lost(order: Order, why: string, trans: TranslationBundle): Outcome {
  const text = trans.__('no answer: %1', why);
  return { what: order.kind, subject: order.model, text, wentWrong: true, details: '' };
}

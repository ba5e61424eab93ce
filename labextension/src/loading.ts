import type { TranslationBundle } from '@jupyterlab/translation';

import { type IKernel, part } from './kernel';

/** Run `%load_ext sm_magics`; returns what to tell the person if it failed, else nothing. */
export async function load(kernel: IKernel, trans: TranslationBundle): Promise<string> {
  const content = {
    code: '%load_ext sm_magics',
    silent: true,
    store_history: false,
    stop_on_error: false,
    allow_stdin: false,
  };
  try {
    return trouble(await kernel.requestExecute(content, true).done, trans);
  } catch {
    return trans.__('The kernel ended before sm_magics was loaded.');
  }
}

/** What a person is told while a cell keeps the kernel from it. */
export function waitingText(trans: TranslationBundle): string {
  return trans.__('Loading sm_magics, after the cell that runs.');
}

/** What a person is told if there was no error, and nothing is there all the same. */
export function nothingText(trans: TranslationBundle): string {
  return trans.__(
    'Nothing was loaded: is a folder called sm_magics in the way, beside the notebook?',
  );
}

function trouble(reply: unknown, trans: TranslationBundle): string {
  const { status, ename, evalue } = part(reply, 'content');
  if (status === 'ok') {
    return '';
  }
  if (status !== 'error') {
    return trans.__('An error in a cell before it kept sm_magics from being loaded; try again.');
  }
  if (ename === 'ModuleNotFoundError' && /'sm_magics'/.test(String(evalue))) {
    return trans.__(
      "This kernel's environment has no sm_magics. Install it there as its README says, then press Load.",
    );
  }
  return trans.__('sm_magics could not be loaded: %1: %2', String(ename), String(evalue));
}

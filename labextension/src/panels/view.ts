import type { TranslationBundle } from '@jupyterlab/translation';

import type { IHost, IKernelModel, ISidebarModel } from '../interfaces';

/** What every section gets. */
export interface View {
  readonly model: ISidebarModel;
  readonly kernel: IKernelModel;
  readonly host: IHost;
  readonly trans: TranslationBundle;
  /** Tell the person something that no other part of the view shows; read aloud too. */
  say(text: string): void;
  /** Show the export section with this model, the cursor in its directory. */
  startExport(model: string): void;
}

/** Do something that may be refused, and tell why. */
export async function attempt(view: View, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    view.say(error instanceof Error ? error.message : String(error));
  }
}

/** Go to a place in a cell; say so where no open notebook or console has it. */
export function goTo(
  view: View,
  place: { cell_id: string | null; cell: number | null; line: number | null },
): Promise<void> {
  return attempt(view, async () => {
    if (!(await view.host.reveal(place))) {
      view.say(view.trans.__('No open notebook or console of this kernel has that cell any more.'));
    }
  });
}

import type { IStateDB } from '@jupyterlab/statedb';

import type { ISidebarModel } from './interfaces';

const KEY = 'sm-magics:sidebar';

/** Bring back what the last page had folded and opened, and keep it from then on. */
export async function keepState(
  model: ISidebarModel,
  state: IStateDB | null,
  isReady: Promise<unknown>,
): Promise<void> {
  if (!state) {
    return;
  }
  await isReady;
  const kept = await state.fetch(KEY);
  if (kept !== undefined) {
    model.restore(kept);
  }
  let last = JSON.stringify(model.serialize());
  model.changed.connect(() => {
    const now = model.serialize();
    const text = JSON.stringify(now);
    if (text !== last) {
      last = text;
      void state.save(KEY, now);
    }
  });
}

import { type CellIdOf, CellIds } from './cell-ids';
import type { FindingsStore } from './findings';
import type { IKernelModel } from './interfaces';
import type { Settings } from './settings';
import type { Tracker } from './tracker';

/** Keep a store at what all kernels have found, and at what the person wants to see. */
export function collectFindings(
  store: FindingsStore,
  tracker: Tracker,
  settings: Settings,
  cellIdOf: CellIdOf,
): void {
  const cellIds = new CellIds(cellIdOf);
  const collect = ({ id, checks }: IKernelModel): void =>
    store.setChecks(id, cellIds.resolved(id, checks));
  const add = (kernel: IKernelModel): void => {
    kernel.changed.connect(collect);
    collect(kernel);
  };
  for (const kernel of tracker.clients) {
    add(kernel);
  }
  tracker.clientAdded.connect((_, kernel) => add(kernel));
  tracker.clientRemoved.connect((_, kernel) => {
    kernel.changed.disconnect(collect);
    cellIds.forget(kernel.id);
    store.remove(kernel.id);
  });
  settings.changed.connect(() => store.setMinimum(settings.editorSeverity));
}

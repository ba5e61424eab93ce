import type { FindingsStore } from './findings';
import type { IKernelModel } from './interfaces';
import type { Settings } from './settings';
import type { Tracker } from './tracker';

/** Keep a store at what all kernels have found, and at what the person wants to see. */
export function collectFindings(store: FindingsStore, tracker: Tracker, settings: Settings): void {
  const collect = (kernel: IKernelModel): void => store.setChecks(kernel.id, kernel.checks);
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
    store.remove(kernel.id);
  });
  settings.changed.connect(() => store.setMinimum(settings.editorSeverity));
}

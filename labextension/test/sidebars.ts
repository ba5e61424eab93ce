import type { Model, Request } from '../src/messages';
import { SidebarModel } from '../src/model';
import { Tracker } from '../src/tracker';
import { type FakeKernel, fixture, greet, loadedKernel, trans } from './fakes';
import { FakePanel, FakePanels } from './panels';

export function made(name: string, changes: Partial<Model> = {}): Model {
  const [first] = fixture('change').models as Model[];
  return { ...(first as Model), name, names: [name], ...changes };
}

export function check(subject: string, target = 'any'): object {
  return { subject, target, is_stale: false, findings: [] };
}

/** A sidebar that follows the first of two notebooks, each with its own kernel. */
export async function sidebar(
  kernels = [loadedKernel('1'), loadedKernel('2')],
  models = [made('first'), made('second', { cell: 1 })],
) {
  const panels = kernels.map((kernel, index) => new FakePanel('ab'.charAt(index), kernel));
  const notebooks = new FakePanels(...panels);
  const tracker = new Tracker(trans, notebooks);
  const sidebar = new SidebarModel(tracker, trans);
  for (const kernel of kernels) {
    await greet(kernel);
    kernel.say({ kind: 'change', models });
    kernel.take();
  }
  let emitted = 0;
  sidebar.changed.connect(() => {
    emitted += 1;
  });
  const [one, two] = kernels as [FakeKernel, FakeKernel];
  const focus = (index: number) => notebooks.focus(panels[index] ?? null);
  return { sidebar, tracker, panels, one, two, focus, count: () => emitted };
}

export function answerInspect(kernel: FakeKernel, path: string, whole = path): void {
  const isMeant = (one: Request) => one.kind === 'inspect' && one.directory === path;
  const id = kernel.requests.filter(isMeant).at(-1)?.id;
  const directory = { ...(fixture('inspected').directory as object), path: whole };
  kernel.say({ kind: 'inspected', id, directory });
}

import { CommandRegistry } from '@lumino/commands';
import { expect, test, vi } from 'vitest';

import { addCommands, CommandIDs, type Context } from '../src/commands';
import { FakeHost, FakeKernel, FakeModel, MODEL, trans } from './views/fakes';

vi.mock('@jupyterlab/ui-components', () => ({ LabIcon: class {} }));

const A = { ...MODEL, name: 'a', cell_id: 'one' };
const B = { ...MODEL, name: 'b', cell_id: 'two' };

function setUp() {
  const model = new FakeModel();
  Object.assign(model.kernel ?? {}, { models: [A, B] });
  const host = new FakeHost();
  const context = {
    model,
    host,
    trans,
    show: vi.fn(),
    enter: vi.fn(),
    startExport: vi.fn(),
    activeCellId: vi.fn((): string | null => null),
    askDirectory: vi.fn((): Promise<string | null> => Promise.resolve(null)),
    complain: vi.fn(),
    selectedFolder: vi.fn((): ReturnType<Context['selectedFolder']> => null),
  };
  const commands = new CommandRegistry();
  addCommands(commands, context);
  return { commands, context, model, host, kernel: model.kernel ?? new FakeKernel() };
}

test('a check is of the named model, the active cell’s, the picked one or the only one', async () => {
  const { commands, context, model } = setUp();
  await commands.execute(CommandIDs.check);

  expect(context.complain).toHaveBeenCalledOnce();

  model.setDraft({ model: 'b' });
  await commands.execute(CommandIDs.check);
  context.activeCellId.mockReturnValue('one');
  await commands.execute(CommandIDs.check);
  await commands.execute(CommandIDs.check, { model: 'named' });

  expect(model.check.mock.calls).toEqual([['b'], ['a'], ['named']]);
  expect(context.show).toHaveBeenCalledTimes(4);
});

test('the one model there is need not be named', async () => {
  const { commands, context, model } = setUp();
  model.kernelNow({ models: [A] });
  await commands.execute(CommandIDs.export);

  expect(context.startExport).toHaveBeenCalledWith('a');
});

test('the panel is a line that the kernel writes', async () => {
  const { commands, context, host, kernel } = setUp();
  await commands.execute(CommandIDs.openPanel, { model: 'a' });

  expect(kernel.write).toHaveBeenCalledWith('panel', 'a', '', {});
  expect(host.runCell).toHaveBeenCalledWith('%savedmodel panel model');

  kernel.write.mockRejectedValueOnce(new Error('there is no model a'));
  await commands.execute(CommandIDs.openPanel, { model: 'a' });

  expect(context.complain).toHaveBeenCalledWith('there is no model a');
});

test('a directory is the given one, or the one that the person names', async () => {
  const { commands, context, model } = setUp();
  model.setFolded('exports', true);
  await commands.execute(CommandIDs.openDirectory);

  expect(model.open).not.toHaveBeenCalled();

  context.askDirectory.mockResolvedValueOnce('typed');
  await commands.execute(CommandIDs.openDirectory);
  await commands.execute(CommandIDs.openDirectory, { path: 'given' });

  expect(model.open.mock.calls).toEqual([['typed'], ['given']]);
  expect(model.folded.has('exports')).toBe(false);
});

test('a folder is inspected only if it holds a SavedModel', async () => {
  const { commands, context, model } = setUp();

  expect(commands.isVisible(CommandIDs.inspectFolder)).toBe(false);

  context.selectedFolder.mockReturnValue({ kernelPath: '/x/m', holdsSavedModel: true });
  await commands.execute(CommandIDs.inspectFolder);

  expect(commands.isVisible(CommandIDs.inspectFolder)).toBe(true);
  expect(model.open).toHaveBeenCalledWith('/x/m');
});

test('without a kernel only the sidebar can be shown', () => {
  const { commands, model } = setUp();
  const told = vi.fn();
  commands.commandChanged.connect(told);
  model.kernelNow({ connection: 'not-loaded' });

  expect(told).toHaveBeenCalledTimes(Object.keys(CommandIDs).length);
  expect(Object.values(CommandIDs).filter((id) => commands.isEnabled(id))).toEqual([
    CommandIDs.show,
  ]);
});

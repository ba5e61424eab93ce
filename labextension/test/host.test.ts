import type { IConsoleTracker } from '@jupyterlab/console';
import { type INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { CommandRegistry } from '@lumino/commands';
import { beforeEach, expect, test, vi } from 'vitest';

import { Host } from '../src/host';
import { FakeModel } from './views/fakes';

vi.mock('@jupyterlab/notebook', () => ({
  NotebookActions: { runCells: vi.fn(() => Promise.resolve(true)) },
}));
vi.mock('@jupyterlab/apputils', () => ({ Clipboard: { copyToSystem: vi.fn() } }));

function cell(id: string, executionCount: number | null = null) {
  return {
    model: { id, sharedModel: { cell_type: 'code', execution_count: executionCount } },
    ready: Promise.resolve(),
    node: { scrollIntoView: vi.fn() },
    editor: {
      lineCount: 5,
      focus: vi.fn(),
      setCursorPosition: vi.fn(),
      revealPosition: vi.fn(),
    },
  };
}

function notebook(id: string, kernelId: string, ...cells: ReturnType<typeof cell>[]) {
  const content = {
    widgets: [...cells],
    activeCell: cells[0] ?? null,
    activeCellIndex: 0,
    deselectAll: vi.fn(),
    scrollToCell: vi.fn(() => Promise.resolve()),
    model: {
      sharedModel: {
        insertCell: vi.fn((index: number) => content.widgets.splice(index, 0, cell('new'))),
      },
    },
  };
  return { id, content, sessionContext: { session: { kernel: { id: kernelId } } } };
}

function terminal(id: string, kernelId: string, ...cells: ReturnType<typeof cell>[]) {
  const console = { cells, inject: vi.fn(() => Promise.resolve()) };
  return { id, console, sessionContext: { session: { kernel: { id: kernelId } } } };
}

function tracker<T extends { id: string }>(...panels: T[]) {
  return {
    find: (isIt: (panel: T) => boolean) => panels.find(isIt),
    filter: (isIt: (panel: T) => boolean) => panels.filter(isIt),
  };
}

const first = cell('a', 1);
const second = cell('b', 2);
const elsewhere = cell('c', 7);
const foreign = cell('d', 9);
const inConsole = cell('e', 8);
const activate = vi.fn();
let model: FakeModel;
let commands: CommandRegistry;
let ours: ReturnType<typeof notebook>;
let console: ReturnType<typeof terminal>;
let host: Host;

beforeEach(() => {
  vi.clearAllMocks();
  model = new FakeModel();
  commands = new CommandRegistry();
  ours = notebook('panel', 'kernel', first, second);
  console = terminal('console', 'kernel', inConsole);
  const notebooks = tracker(
    notebook('stranger', 'other', foreign),
    notebook('sibling', 'kernel', elsewhere),
    ours,
  );
  host = new Host(model, {
    commands,
    notebooks: notebooks as unknown as INotebookTracker,
    consoles: tracker(console) as unknown as IConsoleTracker,
    activate,
    serverRoot: '~/books',
    refusal: 'no notebook',
  });
});

test('a cell is found by its id, and the cursor goes to its line', async () => {
  expect(await host.reveal({ cell_id: 'b', cell: 1, line: 3 })).toBe(true);

  expect(activate).toHaveBeenCalledWith('panel');
  expect(ours.content.scrollToCell).toHaveBeenCalledWith(second);
  expect(ours.content.activeCellIndex).toBe(1);
  expect(second.editor.setCursorPosition).toHaveBeenCalledWith({ line: 2, column: 0 });
  expect(second.editor.focus).toHaveBeenCalled();
});

test('a line that is no more there is the last one', async () => {
  await host.reveal({ cell_id: 'a', cell: null, line: 99 });

  expect(first.editor.setCursorPosition).toHaveBeenCalledWith({ line: 4, column: 0 });
});

test.each([
  ['sibling', { cell_id: 'c', cell: null, line: null }],
  ['panel', { cell_id: 'gone', cell: 1, line: null }],
  ['console', { cell_id: null, cell: 8, line: 1 }],
])('it is found in the %s', async (id, place) => {
  expect(await host.reveal(place)).toBe(true);
  expect(activate).toHaveBeenCalledWith(id);
});

test.each([
  [{ cell_id: 'd', cell: null, line: null }],
  [{ cell_id: 'gone', cell: 9, line: null }],
  [{ cell_id: null, cell: null, line: 1 }],
])('%o is in no notebook of this kernel', async (place) => {
  expect(await host.reveal(place)).toBe(false);
  expect(activate).not.toHaveBeenCalled();
});

test('a cell runs below the active one, and no other does', async () => {
  await host.runCell('%savedmodel panel m');

  expect(ours.content.model.sharedModel.insertCell).toHaveBeenCalledWith(1, {
    cell_type: 'code',
    source: '%savedmodel panel m',
    metadata: { trusted: true },
  });
  expect(ours.content.widgets.map((one) => one.model.id)).toEqual(['a', 'new', 'b']);
  expect(NotebookActions.runCells).toHaveBeenCalledWith(
    ours.content,
    [ours.content.widgets[1]],
    ours.sessionContext,
  );
});

test('a console runs it, and without either it is refused', async () => {
  model.place = { kind: 'console', name: 'Console 1', kernelName: '', widgetId: 'console' };
  await host.runCell('x');

  expect(console.console.inject).toHaveBeenCalledWith('x');

  model.place = null;
  await expect(host.runCell('x')).rejects.toThrow('no notebook');
});

test('the file browser goes where it can', async () => {
  expect(host.canBrowse('/home/a/books/m')).toBe(false);

  const execute = vi.fn();
  commands.addCommand('filebrowser:open-path', { execute });

  expect(host.canBrowse('/home/a/books/m')).toBe(true);
  expect(host.canBrowse('/srv/m')).toBe(false);

  await host.browse('/home/a/books/m');
  await host.browse('/srv/m');

  expect(execute.mock.calls.map(([args]) => args)).toEqual([{ path: 'm' }]);
});

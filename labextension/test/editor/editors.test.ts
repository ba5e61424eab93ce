import { undo } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CELL, Cells, check, faded, finding, MARK, marked, PINNED, shown } from './cells';

let cells: Cells;

beforeEach(() => {
  cells = new Cells();
});

afterEach(() => {
  cells.close();
});

test('an editor that is made late shows what was found before', async () => {
  cells.store.setChecks('k', [check(PINNED)]);
  const view = cells.open(CELL);
  await shown();

  expect(marked(view)).toEqual([MARK]);
});

test('an editor that is made anew knows the text of before', async () => {
  const first = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  first.destroy();
  const again = cells.open(`${CELL}# more`);
  await shown();

  expect(faded(again)).toEqual([MARK]);

  cells.store.setMinimum('off');
  cells.store.setMinimum('info');
  await shown();
  expect(faded(again)).toEqual([MARK]);
});

test('a split cell keeps the marks of its half, and gets all back with the text', async () => {
  const view = cells.open(CELL);
  const last = finding({ line: 3, end_line: 3 });
  cells.store.setChecks('k', [check(PINNED, last)]);
  await shown();
  expect(marked(view)).toEqual([MARK, 'return x']);

  view.dispatch({ changes: { from: 40, to: view.state.doc.length } });
  await shown();
  expect(marked(view)).toEqual([MARK]);

  undo(view);
  await shown();
  expect(marked(view)).toEqual([MARK, 'return x']);
  expect(faded(view)).toEqual([]);
});

test('two editors of one cell show the same', async () => {
  const views = [cells.open(CELL), cells.open(CELL)];
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  expect(views.map(marked)).toEqual([[MARK], [MARK]]);
  expect(cells.findings.size).toBe(2);
});

test('a closed editor leaves no listener, nor does one with an update under way', async () => {
  const views = [cells.open(CELL), cells.open(CELL), cells.open(CELL, 'b')];
  cells.store.setChecks('k', [check(PINNED)]);
  expect(cells.findings.size).toBe(3);
  const dispatches = views.map((view) => vi.spyOn(view, 'dispatch'));
  for (const view of views) {
    view.destroy();
  }
  await shown();
  cells.store.setChecks('k', []);
  await shown();

  expect(cells.findings.size).toBe(0);
  for (const dispatch of dispatches) {
    expect(dispatch).not.toHaveBeenCalled();
  }
});

test('a new state of the editor leaves no listener and shows the findings', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  view.setState(EditorState.create({ doc: CELL, extensions: cells.findings.ofCell('a') }));
  await shown();

  expect(marked(view)).toEqual([MARK]);
  expect(cells.findings.size).toBe(1);
});

test('who is disposed of hears nothing', async () => {
  const view = cells.open(CELL);
  cells.findings.dispose();
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  expect(cells.findings.isDisposed).toBe(true);
  expect(marked(view)).toEqual([]);
});

test('a file that is no cell has no part of us', () => {
  const { factory } = cells.findings.extension;

  expect(factory({ inline: false, model: { sharedModel: {} } } as never)).toBeNull();
  expect(
    factory({ inline: true, model: { sharedModel: { getId: () => 'a' } } } as never),
  ).not.toBeNull();
});

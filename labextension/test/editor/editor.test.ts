import { undo } from '@codemirror/commands';
import type { EditorView } from '@codemirror/view';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  CELL,
  Cells,
  check,
  faded,
  finding,
  MARK,
  marked,
  offsets,
  PINNED,
  shown,
  tooltips,
  type,
} from './cells';

let cells: Cells;

beforeEach(() => {
  cells = new Cells();
});

afterEach(() => {
  cells.close();
});

function gutters(view: EditorView): readonly HTMLElement[] {
  return [...view.dom.querySelectorAll<HTMLElement>('.sm-magics-GutterMark')];
}

test('a finding is marked where it stands, and in the gutter', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  expect(offsets(view)).toEqual([[14, 39]]);
  expect(view.contentDOM.querySelector('.sm-magics-Mark.sm-magics-mod-error')?.textContent).toBe(
    MARK,
  );
  expect(gutters(view).map((mark) => mark.className)).toEqual([
    'sm-magics-GutterMark sm-magics-mod-error',
  ]);
  expect(gutters(view)[0]?.title).toContain('SM301 · error · model\n`scale` pins 2 ops to /GPU:0');
});

test('marks vanish when the kernel tells of them no more, and leave nothing behind', async () => {
  const view = cells.open(CELL);
  const before = view.dom.innerHTML;
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  expect(view.dom.innerHTML).not.toBe(before);

  cells.store.setChecks('k', [check()]);
  await shown();

  expect(view.dom.innerHTML).toBe(before);
});

test('a cell without findings has no gutter, and nothing is done in it', async () => {
  const dispatched: string[] = [];
  const view = cells.open(CELL, 'b');
  const dispatch = vi.spyOn(view, 'dispatch').mockImplementation(() => dispatched.push('b'));
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  expect(dispatch).not.toHaveBeenCalled();
  expect(view.dom.querySelector('.cm-gutters')).toBeNull();
});

test('what is shown is not shown again as the cursor moves', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  const dispatch = vi.spyOn(view, 'dispatch');
  view.dispatch({ selection: { anchor: 3 } });
  await shown();

  expect(dispatch).toHaveBeenCalledTimes(1);
});

test('marks fade with the text that they were found in, and come back with it', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  expect(faded(view)).toEqual([]);

  type(view, view.state.doc.length, '# more');
  await shown();
  expect(faded(view)).toEqual([MARK]);
  expect(gutters(view)[0]?.className).toContain('sm-magics-mod-faded');
  expect(tooltips(view)[0]?.textContent).toContain('The text of this cell has changed');

  undo(view);
  await shown();
  expect(marked(view)).toEqual([MARK]);
  expect(faded(view)).toEqual([]);
  expect(tooltips(view)[0]?.textContent).not.toContain('changed');
});

test('a line that was changed has no mark until it is as it was', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  type(view, 14, 'async ');
  await shown();
  expect(marked(view)).toEqual([]);
  expect(view.dom.querySelector('.cm-gutters')).toBeNull();

  undo(view);
  await shown();
  expect(marked(view)).toEqual([MARK]);
});

test('the mark goes with its line', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  type(view, 0, '# 😀\n\n');
  await shown();

  expect(marked(view)).toEqual([MARK]);
  expect(faded(view)).toEqual([MARK]);
});

test('marks fade where the kernel says that the model has changed', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  cells.store.setChecks('k', [{ ...check(PINNED), is_stale: true }]);
  await shown();

  expect(faded(view)).toEqual([MARK]);
  expect(tooltips(view)[0]?.textContent).toContain('The model or its cell has changed');

  cells.store.setChecks('k', [check(PINNED)]);
  await shown();
  expect(faded(view)).toEqual([]);
});

test('what is found in the new run of an edited cell is not faded', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  type(view, view.state.doc.length, '# more');
  await shown();

  cells.store.setChecks('k', [check({ ...PINNED, cell: 2 })]);
  await shown();

  expect(faded(view)).toEqual([]);
});

test('a check of what was not run again leaves the mark faded', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  type(view, view.state.doc.length, '# more');
  cells.store.setChecks('k', [check({ ...PINNED }, finding({ line: 1, end_line: 1 }))]);
  await shown();

  expect(marked(view)).toEqual(['def f(x):', MARK]);
  expect(faded(view)).toEqual([MARK]);
});

test('what is found elsewhere than the kernel says was edited since', async () => {
  const view = cells.open(`\n${CELL}`);
  cells.store.setChecks('k', [check(PINNED)]);
  await shown();

  expect(marked(view)).toEqual([MARK]);
  expect(faded(view)).toEqual([MARK]);
});

test('findings of two kernels stand side by side', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED)]);
  cells.store.setChecks('l', [check(finding({ line: 1, end_line: 1, severity: 'info' }))]);
  await shown();
  expect(marked(view)).toEqual(['def f(x):', MARK]);

  cells.store.remove('k');
  await shown();
  expect(marked(view)).toEqual(['def f(x):']);
  expect(gutters(view).map((mark) => mark.className)).toEqual([
    'sm-magics-GutterMark sm-magics-mod-info',
  ]);
});

test('the minimum severity holds for marks', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED, finding({ line: 1, end_line: 1, severity: 'info' }))]);
  await shown();
  cells.store.setMinimum('error');
  await shown();
  expect(marked(view)).toEqual([MARK]);

  cells.store.setMinimum('off');
  await shown();
  expect(marked(view)).toEqual([]);
});

test('one mark in the gutter tells of all findings of its line, as the gravest', async () => {
  const view = cells.open(CELL);
  const mild = finding({ code: 'SM999', severity: 'warning', message: 'mild' });
  cells.store.setChecks('k', [check(mild, PINNED)]);
  await shown();

  expect(gutters(view).map((mark) => mark.className)).toEqual([
    'sm-magics-GutterMark sm-magics-mod-error',
  ]);
  expect(gutters(view)[0]?.title).toMatch(/SM999 · warning[\s\S]*SM301 · error/);
});

test('F8 goes from mark to mark and tells what it says', async () => {
  const view = cells.open(CELL);
  cells.store.setChecks('k', [check(PINNED, finding({ line: 3, end_line: 3, message: 'third' }))]);
  await shown();
  const press = (shiftKey: boolean) =>
    view.contentDOM.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'F8', shiftKey, bubbles: true, cancelable: true }),
    );
  const at = () => view.state.doc.lineAt(view.state.selection.main.head).number;

  press(false);
  expect(at()).toBe(2);
  expect(document.querySelector('.cm-tooltip .sm-magics-Found-message')?.textContent).toContain(
    'pins',
  );
  expect(view.dom.querySelector('.cm-announced')?.textContent).toContain('SM301 · error');
  press(false);
  expect(at()).toBe(3);
  expect(document.querySelectorAll('.cm-tooltip .sm-magics-Found')).toHaveLength(1);
  expect(document.querySelector('.cm-tooltip .sm-magics-Found-message')?.textContent).toBe('third');
  press(false);
  expect(at()).toBe(2);
  press(true);
  expect(at()).toBe(3);

  type(view, 0, '#');
  expect(document.querySelector('.cm-tooltip .sm-magics-Found')).toBeNull();
});

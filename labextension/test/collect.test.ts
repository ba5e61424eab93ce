import { describe, expect, test } from 'vitest';

import { cellIdsIn, type INotebooks } from '../src/cell-ids';
import { collectFindings } from '../src/collect';
import { FindingsStore } from '../src/findings';
import { Settings } from '../src/settings';
import { Tracker } from '../src/tracker';
import { check, finding } from './editor/cells';
import { greet, loadedKernel, settle, trans } from './fakes';
import { FakePanel, FakePanels } from './panels';

const LINE = 'tf.py_function(f, [x], tf.float32)';
const FOUND = finding({ cell_id: null, cell: 3, line: 2, source: `    ${LINE}` });

interface FakeCell {
  id: string;
  text: string;
  count?: number | null;
  type?: string;
}

/** Notebooks with their cells, by the kernel that each has. */
function notebooksOf(...open: [kernel: string | null, cells: FakeCell[] | null][]): INotebooks {
  const panels = open.map(([kernel, cells]) => ({
    sessionContext: { session: kernel === null ? null : { kernel: { id: kernel } } },
    content: { model: cells && { sharedModel: { cells: cells.map(cellOf) } } },
  }));
  return { forEach: (visit) => panels.forEach(visit) };
}

function cellOf(cell: FakeCell) {
  return {
    cell_type: cell.type ?? 'code',
    get execution_count() {
      return cell.count === undefined ? 3 : cell.count;
    },
    getId: () => cell.id,
    getSource: () => cell.text,
  };
}

const GOOD: FakeCell = { id: 'good', text: `def f(x):\n  ${LINE}\n` };

async function collected(notebooks: INotebooks) {
  const kernel = loadedKernel('1');
  const panel = new FakePanel('a', kernel);
  const store = new FindingsStore();
  const tracker = new Tracker(trans, new FakePanels(panel));
  collectFindings(store, tracker, new Settings(), cellIdsIn(notebooks));
  await greet(kernel);
  kernel.say({ kind: 'change', checks: [check(FOUND)] });
  return { store, kernel, panel };
}

describe('a finding of a cell that was run before sm_magics was loaded', () => {
  test('is shown in the one cell that has its count and line', async () => {
    const others: FakeCell[] = [
      { id: 'text', text: GOOD.text, type: 'markdown' },
      { id: 'other count', text: GOOD.text, count: 4 },
      { id: 'not run', text: GOOD.text, count: null },
      { id: 'other line', text: `\n${GOOD.text}` },
      { id: 'short', text: 'x' },
    ];
    const foreign = { ...GOOD, id: 'of another kernel' };
    const { store } = await collected(
      notebooksOf(['2', [foreign]], [null, [foreign]], ['1', null], ['1', [...others, GOOD]]),
    );

    expect(store.of('good')[0]?.finding).toEqual({ ...FOUND, cell_id: 'good' });
    expect(['other count', 'other line', foreign.id].flatMap((id) => store.of(id))).toEqual([]);
  });

  test('is shown in none if it can be in two, though a notebook may be open twice', async () => {
    const two = await collected(notebooksOf(['1', [GOOD, { ...GOOD, id: 'twin' }]]));
    expect([...two.store.of('good'), ...two.store.of('twin')]).toEqual([]);

    const twice = await collected(notebooksOf(['1', [GOOD]], ['1', [GOOD]]));
    expect(twice.store.of('good')).toHaveLength(1);
  });

  test('stays in its cell when that is edited, and goes with its kernel', async () => {
    const cell = { ...GOOD };
    const { store, kernel, panel } = await collected(notebooksOf(['1', [cell]]));
    cell.text = 'something else';
    kernel.say({ kind: 'change', checks: [check(FOUND)] });
    expect(store.of('good')).toHaveLength(1);

    kernel.say({ kind: 'change', checks: [] });
    kernel.say({ kind: 'change', checks: [check(FOUND)] });
    expect(store.of('good')).toEqual([]);

    cell.text = GOOD.text;
    kernel.say({ kind: 'change', checks: [check(FOUND)] });
    expect(store.of('good')).toHaveLength(1);
    panel.close();
    await settle();
    expect(store.of('good')).toEqual([]);
  });

  test("the kernel's own word on the cell is left as it is", async () => {
    const { store, kernel } = await collected(notebooksOf(['1', [GOOD]]));
    const ours = { ...FOUND, cell_id: 'own' };
    kernel.say({ kind: 'change', checks: [check(ours, { ...FOUND, source: null })] });

    expect(store.of('own')).toHaveLength(1);
    expect(store.of('good')).toEqual([]);
  });
});

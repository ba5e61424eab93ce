import { describe, expect, test } from 'vitest';

import { SidebarModel } from '../src/model';
import { Tracker } from '../src/tracker';
import { fixture, greet, loadedKernel, settle, trans } from './fakes';
import { FakePanel, FakePanels } from './panels';
import { check, made, sidebar } from './sidebars';

describe('what is followed', () => {
  test('its place and kernel, of which each change is told once', async () => {
    const { sidebar: model, one, two, focus, count } = await sidebar();
    expect(model.place?.widgetId).toBe('a');
    expect(model.kernel?.id).toBe('1');

    one.say({ kind: 'change', more_models: 1 });
    expect(count()).toBe(1);
    two.say({ kind: 'change', more_models: 1 });
    expect(count()).toBe(1);
    focus(1);
    expect(model.kernel?.id).toBe('2');
    expect(count()).toBe(2);
    one.say({ kind: 'change', more_models: 2 });
    expect(count()).toBe(2);
  });

  test('nothing can be done without a kernel, and nothing breaks', async () => {
    const model = new SidebarModel(new Tracker(trans, new FakePanels()), trans);
    model.setDraft({ directory: 'a' });
    model.setTarget('cpu');
    model.setVisible(true);
    await model.check('model');
    await model.exportDraft();
    await model.open('a');
    await model.compare('a', 'b');

    expect(model.draft).toEqual({ model: '', directory: '', options: {} });
    expect(model.opened).toEqual([{ path: 'a', directory: null, trouble: '' }]);
    expect(model.comparison?.trouble).not.toBe('');
  });

  test('a disposed one leaves and tells nothing more', async () => {
    const { sidebar: model, one, tracker, count } = await sidebar();
    model.setVisible(true);
    one.take();
    model.dispose();
    model.dispose();
    one.say({ kind: 'change', models: [] });

    expect(one.requests).toMatchObject([{ kind: 'leave' }]);
    expect(tracker.current?.models).toEqual([]);
    expect(count()).toBe(0);
  });
});

describe('watching', () => {
  test('only the kernel that is followed, and only while the sidebar is seen', async () => {
    const { sidebar: model, one, two, focus } = await sidebar();
    expect([...one.requests, ...two.requests]).toEqual([]);
    model.setVisible(true);
    expect(one.take()).toMatchObject([{ kind: 'watch', live_checks: false, target: 'any' }]);
    expect(two.take()).toEqual([]);

    focus(1);
    expect(one.take()).toMatchObject([{ kind: 'leave' }]);
    expect(two.take()).toMatchObject([{ kind: 'watch' }]);
    model.setLiveChecks(true);
    model.setTarget('gpu');
    expect(two.take()).toMatchObject([
      { kind: 'watch', live_checks: true, target: 'any' },
      { kind: 'watch', live_checks: true, target: 'gpu' },
    ]);
    model.setVisible(false);
    model.setTarget('any');
    model.setLiveChecks(false);
    expect(two.take()).toMatchObject([{ kind: 'leave' }]);
    expect(one.take()).toEqual([]);
  });

  test("the target is the notebook's where none is set", async () => {
    const kernel = loadedKernel('1');
    const notebooks = new FakePanels(new FakePanel('a', kernel));
    const model = new SidebarModel(new Tracker(trans, notebooks), trans);
    model.setVisible(true);
    expect(model.effectiveTarget).toBe('any');
    await settle();
    const id = kernel.idOf('hello');
    kernel.say({ ...fixture('welcome'), id, defaults: { target: 'tpu' } });

    expect(model.target).toBe('');
    expect(model.effectiveTarget).toBe('tpu');
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'watch', target: 'tpu' }]);
  });
});

describe('checks and exports', () => {
  test('name the target only if it is set', async () => {
    const { sidebar: model, one } = await sidebar();
    void model.check('first');
    expect(one.take()).toMatchObject([{ kind: 'check', model: 'first', options: {} }]);
    model.setTarget('cpu');
    void model.check('second');
    one.say({ kind: 'done', id: model.kernel?.jobs[0]?.id, text: '' });
    one.become('idle');
    expect(one.take()).toMatchObject([{ kind: 'check', options: { target: 'cpu' } }]);
  });

  test("a check is of what is filled in for its model, and of nothing else's", async () => {
    const { sidebar: model, one } = await sidebar();
    const served = { signatures: ['call'], consumer: '2.15', strict: true };
    model.setDraft({ options: { ...served, overwrite: true, verify: 'run' } });
    model.setDraft({ model: 'second', options: { next_version: true } });
    void model.check('first');
    const [first] = one.take();
    expect(first).toMatchObject({ model: 'first', again: false });
    expect(first).toHaveProperty('options', served);
    void model.check('second');
    one.say({ kind: 'done', id: model.kernel?.jobs[0]?.id, text: '' });
    one.become('idle');

    const [second] = one.take();
    expect(second).toMatchObject({ kind: 'check', model: 'second', again: true });
    expect(second).toHaveProperty('options', {});
  });

  test('a check of a model by another name is of what is filled in for it', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ options: { batch: '8', overwrite: true } });
    one.say({
      kind: 'change',
      models: [made('x', { names: ['x', 'first'] })],
      checks: [check('x')],
    });
    void model.check('x');
    expect(one.take()).toMatchObject([{ model: 'x', options: { batch: '8' }, again: false }]);
    one.say({ kind: 'done', id: model.kernel?.jobs[0]?.id, text: '' });
    model.setTarget('gpu');
    one.become('idle');

    const options = { batch: '8', target: 'gpu' };
    expect(one.take()).toMatchObject([{ model: 'x', options, again: false }]);
  });

  test('a check for another target does not hide how an export ended', async () => {
    const { sidebar: model, one } = await sidebar();
    one.say({ kind: 'change', checks: [check('first')] });
    model.setDraft({ directory: 'a' });
    void model.exportDraft();
    one.say({ kind: 'done', id: one.idOf('export'), text: 'exported' });
    model.setTarget('gpu');
    one.become('idle');
    one.say({ kind: 'done', id: one.idOf('check'), text: '1 error' });

    expect(model.kernel?.outcome?.text).toBe('exported');
  });

  test('an export is as the draft says', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ model: 'second', directory: 'exports/b', options: { overwrite: true } });
    model.setTarget('cpu');
    void model.exportDraft();

    expect(one.requests).toMatchObject([
      {
        kind: 'export',
        model: 'second',
        directory: 'exports/b',
        options: { overwrite: true, target: 'cpu' },
      },
    ]);
  });

  test('what was checked is checked for another target, if it is still there', async () => {
    const { sidebar: model, one } = await sidebar();
    one.say({ kind: 'change', checks: [check('first'), check('gone'), check('second')] });
    model.setTarget('gpu');
    model.setTarget('gpu');

    expect(model.kernel?.jobs.map(({ subject }) => subject)).toEqual(['first', 'second']);
    expect(one.requests).toMatchObject([
      { kind: 'check', model: 'first', options: { target: 'gpu' } },
    ]);
    model.setTarget('');
    one.say({ kind: 'done', id: one.idOf('check'), text: '' });
    one.become('idle');
    expect(one.requests.at(-1)).toMatchObject({ model: 'first', options: { target: 'any' } });
  });
});

const DRAFT = { kernel: '1', model: 'first', isPicked: true, directory: 'a', options: {} };

describe('what is kept', () => {
  test('drafts come back for their kernels and models', async () => {
    const { sidebar: model, focus } = await sidebar();
    model.setDraft({ directory: 'exports/first', options: { overwrite: true } });
    model.setDraft({ model: 'second', directory: 'exports/second' });
    model.setDraft({ model: 'first' });
    focus(1);
    model.setDraft({ model: 'second' });
    const kept = JSON.parse(JSON.stringify(model.serialize())) as unknown;
    const { sidebar: other, focus: go } = await sidebar();
    other.restore(kept);

    expect(other.serialize()).toEqual(kept);
    const options = { overwrite: true };
    expect(other.draft).toEqual({ model: 'first', directory: 'exports/first', options });
    other.setDraft({ model: 'second' });
    expect(other.draft.directory).toBe('exports/second');
    go(1);
    expect(other.draft).toEqual({ model: 'second', directory: '', options: {} });
  });

  test('drafts come back before their kernel is found', async () => {
    const notebooks = new FakePanels();
    const model = new SidebarModel(new Tracker(trans, notebooks), trans);
    model.restore({ drafts: [{ ...DRAFT, model: 'second' }] });
    const kernel = loadedKernel('1');
    const panel = new FakePanel('a', kernel);
    notebooks.add(panel);
    notebooks.focus(panel);
    await greet(kernel);
    kernel.say({ kind: 'change', models: [made('first'), made('second')] });

    expect(model.draft).toEqual({ model: 'second', directory: 'a', options: {} });
  });

  test('what is filled in already goes before a draft that was kept', async () => {
    const { sidebar: model } = await sidebar();
    model.setDraft({ directory: 'new' });
    model.restore({ drafts: [{ ...DRAFT, model: 'second', directory: 'old' }] });

    expect(model.draft).toEqual({ model: 'first', directory: 'new', options: {} });
  });

  test('only the last 20 drafts are kept', async () => {
    const { sidebar: model } = await sidebar();
    const drafts = Array.from({ length: 25 }, (_, at) => ({ ...DRAFT, kernel: `k${at}` }));
    model.restore({ drafts });
    model.setDraft({ directory: 'mine' });

    const kept = model.serialize().drafts as (typeof DRAFT)[];
    expect(kept).toHaveLength(20);
    expect(kept.at(-1)).toMatchObject({ kernel: '1', directory: 'mine' });
    expect(kept[0]?.kernel).toBe('k6');
  });

  test('comes back as it was written', async () => {
    const { sidebar: model } = await sidebar();
    void model.open('/a');
    model.setFolded('models', true);
    model.setFolded('export', true);
    model.setFolded('export', false);
    model.setTarget('cpu');
    const kept = JSON.parse(JSON.stringify(model.serialize())) as unknown;
    const { sidebar: other, one, count } = await sidebar();
    other.restore(kept);

    expect(other.opened.map(({ path }) => path)).toEqual(['/a']);
    expect([...other.folded]).toEqual(['models']);
    expect(other.target).toBe('cpu');
    expect(other.serialize()).toEqual(kept);
    expect(count()).toBe(1);
    expect(one.requests).toMatchObject([{ kind: 'inspect', directory: '/a' }]);
  });

  test.each([
    null,
    undefined,
    3,
    'a',
    [],
    { opened: 3, folded: { a: 1 }, target: ['cpu'] },
    { opened: [1, null, {}], folded: [[]], target: 'fpga' },
    { drafts: { kernel: '1' } },
    { drafts: [null, 3, {}, { ...DRAFT, options: { a: 1 } }, { ...DRAFT, kernel: 1 }] },
    {
      drafts: [
        { ...DRAFT, directory: null },
        { ...DRAFT, model: 1 },
        { ...DRAFT, isPicked: 0 },
      ],
    },
  ])('rubbish is left out: %j', async (json) => {
    const { sidebar: model } = await sidebar();
    model.restore(json);

    expect(model.serialize()).toEqual({ opened: [], folded: [], target: '', drafts: [] });
  });
});

import { describe, expect, test } from 'vitest';

import { SidebarModel } from '../src/model';
import { Tracker } from '../src/tracker';
import { FakeKernel, fixture, greet, settle, trans } from './fakes';
import { FakePanel, FakePanels } from './panels';
import { answerInspect, sidebar } from './sidebars';

describe('opened directories', () => {
  test('are read, and known by their whole path', async () => {
    const { sidebar: model, one } = await sidebar();
    const opened = model.open('exports/a');
    expect(model.opened).toEqual([{ path: 'exports/a', directory: null, trouble: '' }]);
    answerInspect(one, 'exports/a', '/home/a/exports/a');
    await opened;

    expect(model.opened).toMatchObject([{ path: '/home/a/exports/a', trouble: '' }]);
    expect(model.opened[0]?.directory?.subject).toBe('model');
    const again = model.open('exports/a');
    answerInspect(one, 'exports/a', '/home/a/exports/a');
    await again;
    expect(model.opened).toHaveLength(1);
  });

  test('tell why they cannot be read', async () => {
    const { sidebar: model, one } = await sidebar();
    const opened = model.open('a');
    const id = one.idOf('inspect');
    one.say({ kind: 'failed', id, reason: 'refused', text: 'no SavedModel', details: '' });
    await opened;

    expect(model.opened).toEqual([{ path: 'a', directory: null, trouble: 'no SavedModel' }]);
  });

  test('stay closed, whatever is still told of them', async () => {
    const { sidebar: model, one } = await sidebar();
    const opened = model.open('a');
    model.close('a');
    answerInspect(one, 'a');
    await opened;

    expect(model.opened).toEqual([]);
  });

  test('that were not read are read when a kernel is ready', async () => {
    const kernel = new FakeKernel('1');
    const notebooks = new FakePanels(new FakePanel('a', kernel));
    const model = new SidebarModel(new Tracker(trans, notebooks), trans);
    model.restore({ opened: ['/a', '/b'] });
    await settle();
    expect(kernel.requests).toEqual([]);
    kernel.say({ kind: 'announce', version: 1 });
    await greet(kernel);
    expect(kernel.requests).toMatchObject([
      { kind: 'hello' },
      { kind: 'inspect', directory: '/a' },
      { kind: 'inspect', directory: '/b' },
    ]);
    answerInspect(kernel, '/a');
    answerInspect(kernel, '/b');
    await settle();

    expect(model.opened.map(({ directory }) => directory?.path)).toEqual(['/a', '/b']);
    kernel.take();
    kernel.say({ kind: 'announce', version: 1 });
    await greet(kernel);
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
  });

  test('of two answers the later request counts', async () => {
    const { sidebar: model, one, two, focus } = await sidebar();
    const slow = model.open('/a');
    focus(1); // reads what is unread
    answerInspect(two, '/a');
    await settle();
    const { directory } = model.opened[0] ?? {};
    const id = one.idOf('inspect');
    one.say({ kind: 'failed', id, reason: 'refused', text: 'not here', details: '' });
    await slow;

    expect(directory?.path).toBe('/a');
    expect(model.opened).toEqual([{ path: '/a', directory, trouble: '' }]);
  });
});

describe('a comparison', () => {
  test('tells what differs until it is closed', async () => {
    const { sidebar: model, one } = await sidebar();
    const compared = model.compare('a', 'b');
    one.say({ ...fixture('compared'), id: one.idOf('compare') });
    await compared;
    expect(model.comparison).toEqual({
      first: 'a',
      second: 'b',
      text: 'variables: 1 changed',
      trouble: '',
    });
    model.endComparison();

    expect(model.comparison).toBeNull();
  });

  test('tells that nothing differs, and what went wrong', async () => {
    const { sidebar: model, one } = await sidebar();
    let compared = model.compare('a', 'b');
    const id = one.idOf('compare');
    one.say({ kind: 'compared', id, is_same: true, text: '' });
    await compared;
    expect(model.comparison?.text).toBe('They are the same.');

    compared = model.compare('a', 'c');
    one.say({ ...fixture('failed'), id: one.idOf('compare'), text: 'no c' });
    await compared;
    expect(model.comparison).toMatchObject({ second: 'c', text: '', trouble: 'no c' });
  });

  test('that is late or was closed is dropped', async () => {
    const { sidebar: model, one } = await sidebar();
    const compared = model.compare('a', 'b');
    const id = one.idOf('compare');
    model.endComparison();
    one.say({ ...fixture('compared'), id });
    await compared;

    expect(model.comparison).toBeNull();
  });
});

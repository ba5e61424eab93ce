import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import type { IConsoleTracker } from '@jupyterlab/console';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { describe, expect, expectTypeOf, test } from 'vitest';

import type { Client } from '../src/client';
import type { IKernel } from '../src/kernel';
import { type IPanels, type IShell, Tracker } from '../src/tracker';
import { fixture, greet, loadedKernel, settle, trans } from './fakes';
import { FakePanel, FakePanels, FakeShell } from './panels';

test("JupyterLab's own objects fit", () => {
  expectTypeOf<Kernel.IKernelConnection>().toExtend<IKernel>();
  expectTypeOf<INotebookTracker>().toExtend<IPanels>();
  expectTypeOf<IConsoleTracker>().toExtend<IPanels>();
  expectTypeOf<ILabShell>().toExtend<IShell>();
  expectTypeOf<JupyterFrontEnd.IShell>().toExtend<IShell>();
});

function listen(tracker: Tracker): string[] {
  const told: string[] = [];
  tracker.changed.connect(() => told.push(`changed ${tracker.place?.name ?? 'nothing'}`));
  tracker.clientAdded.connect((_, { id }) => told.push(`added ${id}`));
  tracker.clientRemoved.connect((_, { id, isDisposed }) =>
    told.push(isDisposed ? 'removed too late' : `removed ${id}`),
  );
  return told;
}

describe('the place that is followed', () => {
  test('is the current notebook, with its kernel', () => {
    const panel = new FakePanel('a', loadedKernel());
    const tracker = new Tracker(trans, new FakePanels(panel));

    expect(tracker.place).toEqual({
      kind: 'notebook',
      name: 'a.ipynb',
      kernelName: 'Python 3',
      widgetId: 'a',
    });
    expect(tracker.current?.id).toBe('kernel 1');
  });

  test('is nothing without one, and has no kernel name without a kernel', () => {
    const panels = new FakePanels();
    const tracker = new Tracker(trans, panels);
    expect(tracker.place).toBeNull();
    expect(tracker.current).toBeNull();

    const panel = new FakePanel('a', null);
    panels.focus(panel); // before it is said to be added
    panels.add(panel);
    expect(tracker.place).toMatchObject({ name: 'a.ipynb', kernelName: '' });
    expect(tracker.current).toBeNull();

    panel.setKernel(loadedKernel());
    expect(tracker.place?.kernelName).toBe('Python 3');
    expect(tracker.current?.id).toBe('kernel 1');
  });

  test('is the notebook or console that was chosen last', () => {
    const notebooks = new FakePanels(new FakePanel('a', loadedKernel('1')));
    const chosen = new FakePanel('c', loadedKernel('2'));
    const consoles = new FakePanels();
    const tracker = new Tracker(trans, notebooks, consoles);
    consoles.add(chosen);
    expect(tracker.place?.widgetId).toBe('a');
    consoles.focus(chosen);
    expect(tracker.place).toMatchObject({ kind: 'console', widgetId: 'c' });

    consoles.focus(null);
    expect(tracker.place?.widgetId).toBe('c');
    chosen.close();
    expect(tracker.place?.widgetId).toBe('a');
  });

  test('follows the focus back to a notebook that was current among its kind all the time', () => {
    const [notebook, other] = [new FakePanel('a', null), new FakePanel('b', null)];
    const console_ = new FakePanel('c', null);
    const notebooks = new FakePanels(notebook, other);
    const shell = new FakeShell();
    const tracker = new Tracker(trans, notebooks, new FakePanels(console_), shell);
    shell.focus(console_);
    expect(tracker.place?.widgetId).toBe('c');
    notebooks.focus(other); // as when a notebook is closed in the background
    expect(tracker.place?.widgetId).toBe('c');
    shell.focus(notebook);
    expect(tracker.place?.widgetId).toBe('a');
    shell.focus({ id: 'settings' });
    expect(tracker.place?.widgetId).toBe('a');
  });

  test('is told once for a change, and not where nothing changes', () => {
    const [a, b] = [new FakePanel('a', loadedKernel('1')), new FakePanel('b', loadedKernel('2'))];
    const panels = new FakePanels(a, b);
    const tracker = new Tracker(trans, panels);
    const told = listen(tracker);
    panels.focus(b);
    panels.focus(b);
    b.title.label = 'new.ipynb';
    b.title.changed.emit();
    a.title.changed.emit();

    expect(told).toEqual(['changed b.ipynb', 'changed new.ipynb']);
  });
});

describe('clients', () => {
  test('there is one for every kernel of an open notebook, in sight or not', () => {
    const panels = new FakePanels(
      new FakePanel('a', loadedKernel('1')),
      new FakePanel('b', loadedKernel('2')),
    );
    const tracker = new Tracker(trans, panels);
    const told = listen(tracker);
    panels.add(new FakePanel('c', loadedKernel('3')));
    panels.add(new FakePanel('d', loadedKernel('1')));

    expect([...tracker.clients].map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(told).toEqual(['added 3']);
  });

  test('two notebooks share one; when the first is closed it goes on with the second', async () => {
    const [first, second] = [loadedKernel('1'), loadedKernel('1')];
    const a = new FakePanel('a', first);
    const b = new FakePanel('b', second);
    const panels = new FakePanels(a, b);
    const tracker = new Tracker(trans, panels);
    const client = tracker.current as Client;
    await greet(first);
    first.say(fixture('change'));
    expect(second.requests).toEqual([]);

    panels.focus(b);
    expect(tracker.current).toBe(client);
    const told = listen(tracker);
    a.close();
    expect(client.kernel).toBe(second);
    await greet(second);
    const inspected = client.inspect('exports/model');
    second.say({ ...fixture('inspected'), id: second.idOf('inspect') });

    expect((await inspected).path).toBe('/home/a/exports/model');
    expect(client.connection).toBe('ready');
    expect(client.models).toHaveLength(1);
    expect(told).toEqual([]);
    first.say({ kind: 'change', models: [] });
    expect(client.models).toHaveLength(1); // nobody listens there any more
  });

  test('what waits goes on over the other connection', async () => {
    const [first, second] = [loadedKernel('1'), loadedKernel('1')];
    const a = new FakePanel('a', first);
    const tracker = new Tracker(trans, new FakePanels(a, new FakePanel('b', second)));
    const client = tracker.current as Client;
    await greet(first);
    const inspected = client.inspect('exports/model');
    const id = first.idOf('inspect');
    a.close();
    await settle();
    second.say({ ...fixture('inspected'), id });

    expect((await inspected).subject).toBe('model');
  });

  test('the last notebook takes its client with it', async () => {
    const kernel = loadedKernel('1');
    const panel = new FakePanel('a', kernel);
    const tracker = new Tracker(trans, new FakePanels(panel));
    const client = tracker.current as Client;
    await greet(kernel);
    client.setWatching(true, false, 'any');
    const told = listen(tracker);
    panel.close();

    expect(client.isDisposed).toBe(true);
    expect(kernel.requests.at(-1)).toMatchObject({ kind: 'leave' });
    expect([...tracker.clients]).toEqual([]);
    expect(tracker.place).toBeNull();
    expect(told).toEqual(['removed 1', 'changed nothing']);
  });

  test('a change of kernel ends the one and makes the other', () => {
    const panel = new FakePanel('a', loadedKernel('1'));
    const tracker = new Tracker(trans, new FakePanels(panel));
    const client = tracker.current;
    const told = listen(tracker);
    panel.setKernel(loadedKernel('2'));

    expect(client?.isDisposed).toBe(true);
    expect(tracker.current?.id).toBe('2');
    expect(told).toEqual(['removed 1', 'added 2', 'changed a.ipynb']);
    panel.setKernel(null);
    expect(tracker.current).toBeNull();
    expect([...tracker.clients]).toEqual([]);
  });

  test('another connection to the same kernel is used by the same client', () => {
    const panel = new FakePanel('a', loadedKernel('1'));
    const tracker = new Tracker(trans, new FakePanels(panel));
    const client = tracker.current;
    const kernel = loadedKernel('1');
    panel.setKernel(kernel);

    expect(tracker.current).toBe(client);
    expect(client?.kernel).toBe(kernel);
  });

  test('a connection that serves is kept, whoever else comes', () => {
    const second = loadedKernel('1');
    const panel = new FakePanel('a', loadedKernel('1'));
    const tracker = new Tracker(trans, new FakePanels(panel, new FakePanel('b', second)));
    const client = tracker.current;
    panel.setKernel(loadedKernel('2'));
    panel.setKernel(loadedKernel('1'));

    expect(tracker.current).toBe(client);
    expect(client?.kernel).toBe(second);
  });

  test('a disposed tracker disposes them and follows nothing', () => {
    const panel = new FakePanel('a', loadedKernel('1'));
    const panels = new FakePanels(panel);
    const tracker = new Tracker(trans, panels);
    const client = tracker.current;
    tracker.dispose();
    tracker.dispose();
    panels.add(new FakePanel('b', loadedKernel('2')));
    panel.setKernel(loadedKernel('3'));

    expect(client?.isDisposed).toBe(true);
    expect([...tracker.clients]).toEqual([]);
  });
});

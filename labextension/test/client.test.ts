import { describe, expect, test } from 'vitest';

import { Client } from '../src/client';
import { VERSION } from '../src/messages';
import {
  connected,
  FakeKernel,
  fixture,
  greet,
  loadedKernel,
  settle,
  trans,
  welcome,
} from './fakes';

const RUNNING = { subject: 'model', phase: 'save', phases: ['save'], seconds: 1, bytes: 2 };

describe('finding the comm', () => {
  test('it is asked for on the control channel, greeted, and ready when welcomed', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    expect(client.connection).toBe('connecting');
    await settle();

    expect(kernel.controls).toHaveLength(1);
    expect(kernel.controls[0]).toMatchObject({
      channel: 'control',
      header: { msg_type: 'comm_info_request', session: kernel.clientId },
      content: { target_name: 'sm_magics' },
    });
    expect(kernel.requests).toMatchObject([{ kind: 'hello', version: VERSION }]);
    expect(kernel.addressed).toEqual(['comm 1']);
    expect(client.connection).toBe('connecting');

    await greet(kernel);
    kernel.say(fixture('change'));

    expect(client.connection).toBe('ready');
    expect(client.welcome?.home).toBe('/home/a');
    expect(client.models).toEqual(fixture('change').models);
    expect(client.checks).toEqual(fixture('change').checks);
    expect(client.exports).toEqual(fixture('change').exports);
    expect(kernel.requests).toHaveLength(1);
  });

  test('a kernel without it is not loaded until it is announced', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    expect(client.connection).toBe('not-loaded');
    expect(kernel.requests).toEqual([]);

    kernel.say({ kind: 'announce', version: VERSION }, 'comm 7');
    await greet(kernel);
    expect(client.connection).toBe('connecting'); // welcomed over another comm
    kernel.say(welcome(kernel.idOf('hello')), 'comm 7');

    expect(kernel.addressed).toEqual(['comm 7']);
    expect(client.connection).toBe('ready');
  });

  test('a kernel that is found and announced at once is greeted once', async () => {
    const kernel = loadedKernel();
    new Client(kernel, trans);
    kernel.say({ kind: 'announce', version: VERSION });
    await settle();

    expect(kernel.requests).toHaveLength(1);
  });

  test('a kernel that is announced twice is greeted once', async () => {
    const kernel = loadedKernel();
    new Client(kernel, trans);
    await settle();
    kernel.say({ kind: 'announce', version: VERSION });

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
  });

  test('a hello that was lost with the connection is said again', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    await settle();
    kernel.connect('connecting');
    kernel.status = 'idle';
    kernel.connect('connected');
    await greet(kernel);

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'hello' }]);
    expect(client.connection).toBe('ready');
  });

  test("only Python's kernels are asked", async () => {
    const kernel = loadedKernel();
    kernel.spec = Promise.resolve({ language: 'R' });
    const client = new Client(kernel, trans);
    await settle();

    expect(client.connection).toBe('foreign');
    expect(kernel.controls).toEqual([]);
    await client.load();
    expect(kernel.executed).toEqual([]);
  });

  test('a kernel that never answers is waited for, and can still announce itself', async () => {
    const kernel = new FakeKernel();
    kernel.isMute = true;
    const client = new Client(kernel, trans);
    await settle();
    expect(client.connection).toBe('connecting');

    kernel.say({ kind: 'announce', version: VERSION });
    await greet(kernel);

    expect(client.connection).toBe('ready');
  });

  test('nothing is asked before the page is connected to the kernel', async () => {
    const kernel = loadedKernel();
    kernel.connectionStatus = 'connecting';
    const client = new Client(kernel, trans);
    await settle();
    expect(kernel.controls).toEqual([]);

    kernel.connect('connected');
    await greet(kernel);

    expect(client.connection).toBe('ready');
  });

  test('after a lost connection it says hello again and keeps what it knew', async () => {
    const { kernel, client } = await connected();
    kernel.connect('connecting');
    expect(client.connection).toBe('connecting');
    kernel.status = 'idle';
    kernel.connect('connected');
    await settle();

    expect(kernel.take()).toMatchObject([{ kind: 'hello' }]);
    expect(client.models).toHaveLength(1);
  });

  test('a hello that a comm leaves unanswered ends the wait', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    await settle();
    kernel.futures[0]?.resolve(undefined);
    await settle();

    expect(client.connection).toBe('not-loaded');
  });
});

describe('a page that is reloaded while an export runs', () => {
  async function reloaded(): Promise<{ kernel: FakeKernel; client: Client }> {
    const kernel = loadedKernel();
    kernel.status = 'unknown';
    const client = new Client(kernel, trans);
    await settle();
    kernel.say({ kind: 'change', running: RUNNING });
    return { kernel, client };
  }

  test('shows how far it is, though hello is not answered', async () => {
    const { kernel, client } = await reloaded();

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
    expect(client.running).toEqual(RUNNING);
    expect(client.connection).toBe('busy');
    expect(client.welcome).toBeNull();
  });

  test('can cancel it', async () => {
    const { kernel, client } = await reloaded();
    await client.cancel();

    expect(kernel.interrupts).toBe(1);
  });

  test('passes on what is asked of it, which waits behind hello', async () => {
    const { kernel, client } = await reloaded();
    const inspected = client.inspect('exports/model');
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'inspect' }]);
    const id = kernel.idOf('inspect');
    await greet(kernel);
    kernel.say({ ...fixture('inspected'), id });

    expect((await inspected).subject).toBe('model');
  });

  test('sends what was asked for meanwhile when it is over', async () => {
    const { kernel, client } = await reloaded();
    void client.check('model', {});
    expect(client.jobs).toMatchObject([{ what: 'check', subject: 'model', state: 'queued' }]);
    await greet(kernel);
    kernel.take();
    kernel.become('idle');

    expect(kernel.requests).toMatchObject([{ kind: 'check', model: 'model' }]);
    expect(client.connection).toBe('ready');
  });
});

describe('another version', () => {
  async function refused(): Promise<{ kernel: FakeKernel; client: Client }> {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    await settle();
    const id = kernel.idOf('hello');
    kernel.say({ kind: 'failed', id, reason: 'version', text: 'mine is 2', details: '' });
    return { kernel, client };
  }

  test('is told, with what to do', async () => {
    const { kernel, client } = await refused();

    expect(client.connection).toBe('outdated');
    expect(client.trouble).toContain('Install the same one on both sides');
    kernel.say(fixture('change'));
    expect(client.models).toEqual([]);
    await expect(client.inspect('a')).rejects.toThrow();
  });

  test('goes with the comm that speaks it', async () => {
    const { kernel, client } = await refused();
    kernel.comms = {};
    kernel.say({ kind: 'bye' });
    await settle();

    expect(client.connection).toBe('not-loaded');
    expect(client.trouble).toBe('');
  });

  test('a welcome of another version is none', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    await settle();
    kernel.say(welcome(kernel.idOf('hello'), { version: VERSION + 1 }));

    expect(client.connection).toBe('outdated');
  });
});

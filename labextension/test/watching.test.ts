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

describe('watching', () => {
  test('a hidden sidebar sends nothing, whatever the kernel does', async () => {
    const { kernel, client } = await connected();
    client.setWatching(false, true, 'cpu');
    kernel.become('busy');
    kernel.say(fixture('change'));
    kernel.become('idle');
    client.setWatching(false, false, 'any');
    client.dispose();

    expect(kernel.requests).toEqual([]);
  });

  test('it is told once, and again where it differs', async () => {
    const { kernel, client } = await connected();
    client.setWatching(true, false, 'any');
    client.setWatching(true, false, 'any');
    kernel.say(fixture('change'));
    expect(kernel.take()).toMatchObject([{ kind: 'watch', live_checks: false, target: 'any' }]);
    client.setWatching(true, true, 'cpu');
    expect(kernel.take()).toMatchObject([{ kind: 'watch', live_checks: true, target: 'cpu' }]);
    client.setWatching(false, true, 'cpu');
    client.setWatching(false, false, 'gpu');
    expect(kernel.take()).toMatchObject([{ kind: 'leave' }]);
  });

  test('it waits for welcome, and is told again after each', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    client.setWatching(true, true, 'any');
    await settle();
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
    await greet(kernel);
    expect(kernel.take()).toMatchObject([{ kind: 'hello' }, { kind: 'watch' }]);

    kernel.session = 'session 2';
    kernel.comms = {};
    kernel.say({ kind: 'announce', version: VERSION }, 'comm 2');
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
    kernel.say(welcome(kernel.idOf('hello')), 'comm 2');
    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'watch', target: 'any' }]);
  });

  test('it is told again after a lost connection, since it may have been lost too', async () => {
    const { kernel, client } = await connected();
    client.setWatching(true, false, 'any');
    kernel.take();
    kernel.connect('connecting');
    kernel.status = 'idle';
    kernel.connect('connected');
    await greet(kernel);

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'watch' }]);
  });

  test('the listeners of welcome can still tell the target before it is sent', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    client.setWatching(true, false, 'any');
    client.changed.connect(() => client.setWatching(true, false, 'tpu'));
    await greet(kernel);

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }, { kind: 'watch', target: 'tpu' }]);
  });

  test('it leaves when it is disposed, if the kernel is there', async () => {
    const { kernel, client } = await connected();
    client.setWatching(true, false, 'any');
    kernel.take();
    client.dispose();
    client.dispose();

    expect(kernel.requests).toMatchObject([{ kind: 'leave' }]);
  });

  test('it does not leave a kernel that is gone', async () => {
    const { kernel, client } = await connected();
    client.setWatching(true, false, 'any');
    kernel.take();
    kernel.become('dead');
    client.dispose();

    expect(kernel.requests).toEqual([]);
  });
});

describe('an end', () => {
  test('a disposed client hears nothing, and nothing waits for it', async () => {
    const { kernel, client, count } = await connected();
    const inspected = client.inspect('a');
    const job = client.check('model', {});
    client.dispose();
    kernel.say({ kind: 'change', models: [] });
    kernel.become('restarting');

    await expect(inspected).rejects.toThrow('The notebook was closed.');
    await job;
    expect(client.models).toHaveLength(1);
    expect(count()).toBe(1); // the check was queued
    expect(client.isDisposed).toBe(true);
  });
});

describe('loading', () => {
  test('runs the magic silently, once, and is connected by what it announces', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = Promise.all([client.load(), client.load()]);
    expect(kernel.executed.map(({ code }) => code)).toEqual(['%load_ext sm_magics']);

    kernel.say({ kind: 'announce', version: VERSION });
    kernel.executed[0]?.future.resolve({ content: { status: 'ok' } });
    await loaded;
    await greet(kernel);

    expect(client.connection).toBe('ready');
    expect(client.trouble).toBe('');
    expect(kernel.controls).toHaveLength(1);
    await client.load();
    expect(kernel.executed).toHaveLength(1);
  });

  test('asks for the comm if it was loaded already, which announces nothing', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = client.load();
    kernel.comms = { 'comm 1': { target_name: 'sm_magics' } };
    kernel.executed[0]?.future.resolve({ content: { status: 'ok' } });
    await loaded;
    await greet(kernel);

    expect(client.connection).toBe('ready');
  });

  test.each([
    ["No module named 'sm_magics'", 'ModuleNotFoundError', 'Install it there as its README says'],
    ["No module named 'tensorflow'", 'ModuleNotFoundError', "No module named 'tensorflow'"],
    ['bad', 'ImportError', 'could not be loaded: ImportError: bad'],
  ])('tells why it failed: %s', async (evalue, ename, text) => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = client.load();
    kernel.executed[0]?.future.resolve({ content: { status: 'error', ename, evalue } });
    await loaded;

    expect(client.trouble).toContain(text);
    expect(client.connection).toBe('not-loaded');
  });

  test('tells of a load that has loaded nothing, till something is there', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = client.load();
    let emitted = '';
    client.changed.connect(() => {
      emitted = client.trouble;
    });
    kernel.executed[0]?.future.resolve({ content: { status: 'ok' } });
    await loaded;

    expect(client.connection).toBe('not-loaded');
    expect(client.trouble).toContain('is a folder called sm_magics in the way');
    expect(emitted).toBe(client.trouble);
    kernel.say({ kind: 'announce', version: VERSION });
    expect(client.trouble).toBe('');
  });

  test('tells that it waits for the cell that runs', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    kernel.become('busy');
    const loaded = client.load();
    expect(client.trouble).toBe('Loading sm_magics, after the cell that runs.');

    kernel.executed[0]?.future.resolve({ content: { status: 'error', ename: 'E', evalue: 'x' } });
    await loaded;
    expect(client.trouble).toContain('E: x');
  });

  test('waits no more when its connection goes', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    kernel.become('busy');
    const loaded = client.load();
    client.use(new FakeKernel());
    kernel.executed[0]?.future.reject(new Error('Canceled future'));
    await loaded;

    expect(client.trouble).toBe('');
  });

  test.each([undefined, null, {}, { content: { status: 'aborted' } }])(
    'a reply that says nothing is told: %j',
    async (reply) => {
      const kernel = new FakeKernel();
      const client = new Client(kernel, trans);
      await settle();
      const loaded = client.load();
      kernel.executed[0]?.future.resolve(reply);
      await loaded;

      expect(client.trouble).toContain('try again');
    },
  );

  test('a connection that goes with its notebook is no failure', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = client.load();
    client.use(new FakeKernel());
    kernel.executed[0]?.future.reject(new Error('Canceled future'));
    await loaded;

    expect(client.trouble).toBe('');
  });

  test('a kernel that ends meanwhile is told, and it can be tried again', async () => {
    const kernel = new FakeKernel();
    const client = new Client(kernel, trans);
    await settle();
    const loaded = client.load();
    kernel.executed[0]?.future.reject(new Error('Canceled future'));
    await loaded;
    expect(client.trouble).toBe('The kernel ended before sm_magics was loaded.');

    void client.load();
    expect(kernel.executed).toHaveLength(2);
  });
});

import { describe, expect, test } from 'vitest';

import { Client } from '../src/client';
import { VERSION } from '../src/messages';
import { connected, fixture, greet, loadedKernel, settle, trans, welcome } from './fakes';

describe('a kernel that is lost', () => {
  test('restarted by us: all is forgotten, what waits is told, and it is found again', async () => {
    const { kernel, client } = await connected();
    const inspected = client.inspect('a');
    kernel.become('restarting');

    expect(client.connection).toBe('dead');
    expect(client.models).toEqual([]);
    expect(client.welcome).toBeNull();
    await expect(inspected).rejects.toThrow('The kernel ended or restarts.');

    kernel.comms = {};
    kernel.session = 'session 2';
    kernel.connect('connecting');
    kernel.status = 'starting';
    kernel.connect('connected');
    expect(client.connection).toBe('connecting');
    await settle();
    expect(client.connection).toBe('not-loaded');

    kernel.say({ kind: 'announce', version: VERSION }, 'comm 2');
    kernel.say(welcome(kernel.idOf('hello')), 'comm 2');
    expect(client.connection).not.toBe('not-loaded');
  });

  test('what is asked while it restarts is lost: an idle kernel is asked again', async () => {
    const { kernel, client } = await connected();
    kernel.become('autorestarting');
    kernel.isMute = true;
    kernel.connect('connecting');
    kernel.status = 'starting';
    kernel.connect('connected');
    await settle();
    expect(client.connection).toBe('connecting');

    kernel.isMute = false;
    kernel.comms = {};
    kernel.become('idle');
    await settle();
    expect(client.connection).toBe('not-loaded');
    const asked = kernel.controls.length;
    kernel.become('busy');
    kernel.become('idle');
    expect(kernel.controls).toHaveLength(asked); // what is known is not asked for
  });

  test('restarted behind a connection that stays: an idle kernel is asked', async () => {
    const { kernel, client } = await connected();
    kernel.become('autorestarting');
    kernel.comms = {};
    kernel.become('idle');
    await settle();
    expect(client.connection).toBe('not-loaded');
  });

  test('restarted by another front end: its session tells', async () => {
    const { kernel, client } = await connected();
    const compared = client.compare('a', 'b');
    const asked = kernel.controls.length;
    kernel.comms = {};
    kernel.session = 'session 2';
    kernel.publish('status', { execution_state: 'starting' });

    expect(client.models).toEqual([]);
    await expect(compared).rejects.toThrow('The kernel was restarted.');
    await settle();
    expect(kernel.controls).toHaveLength(asked + 1);
    expect(client.connection).toBe('not-loaded');

    kernel.say(fixture('change'));
    expect(client.models).toEqual([]); // the comm is gone with its kernel
  });

  test('restarted by another front end and announced with its first message', async () => {
    const { kernel, client } = await connected();
    kernel.comms = { 'comm 2': { target_name: 'sm_magics' } };
    kernel.session = 'session 2';
    kernel.say({ kind: 'announce', version: VERSION }, 'comm 2');
    await settle();

    expect(kernel.requests).toMatchObject([{ kind: 'hello' }]);
    kernel.say(welcome(kernel.idOf('hello')), 'comm 2');
    expect(client.connection).toBe('ready');
  });

  test.each(['autorestarting', 'dead'] as const)('%s: jobs end with an outcome', async (status) => {
    const { kernel, client } = await connected();
    const ended = Promise.all([
      client.exportTo('model', 'exports/model', {}),
      client.check('model', {}),
    ]);
    kernel.say({ kind: 'began', id: kernel.idOf('export') });
    kernel.become(status);
    await ended;

    expect(client.connection).toBe('dead');
    expect(client.jobs).toEqual([]);
    expect(client.running).toBeNull();
    expect(client.outcome).toMatchObject({
      what: 'export',
      subject: 'model',
      wentWrong: true,
      text: 'no answer: the kernel has ended, or restarts',
    });
  });

  test("the server's own words on a restart, of its own session, are no other kernel", async () => {
    const { kernel, client } = await connected();
    const asked = kernel.controls.length;
    kernel.status = 'autorestarting';
    kernel.statusChanged.emit('autorestarting');
    kernel.session = "the server's";
    kernel.publish('status', { execution_state: 'restarting' });
    await settle();

    expect(client.connection).toBe('dead');
    expect(kernel.controls).toHaveLength(asked);
  });

  test('a dead one is asked nothing more', async () => {
    const { kernel, client } = await connected();
    kernel.become('dead');
    await client.check('model', {});
    await client.load();

    expect(kernel.requests).toEqual([]);
    expect(client.outcome?.text).toContain('load it first');
    await expect(client.inspect('a')).rejects.toThrow('load it first');
  });

  test('unloaded with a bye: it is asked for once more, since it may be reloaded', async () => {
    const { kernel, client } = await connected();
    const written = client.write('check', 'model', '', {});
    const asked = kernel.controls.length;
    kernel.comms = {};
    kernel.say({ kind: 'bye' });

    await expect(written).rejects.toThrow('sm_magics was unloaded from the kernel.');
    await settle();
    expect(client.connection).toBe('not-loaded');
    expect(client.models).toEqual([]);
    expect(kernel.controls).toHaveLength(asked + 1);
  });

  test('a reply that is late, since the kernel has restarted meanwhile, is dropped', async () => {
    const kernel = loadedKernel();
    const client = new Client(kernel, trans);
    kernel.become('restarting');
    await settle();

    expect(client.connection).toBe('dead');
    expect(kernel.requests).toEqual([]);
  });

  test('an answer that got lost with the connection is no longer waited for', async () => {
    const { kernel, client } = await connected();
    const job = client.exportTo('model', 'a', {});
    const inspected = client.inspect('a');
    inspected.catch(() => {});
    kernel.connect('connecting');
    kernel.status = 'idle';
    kernel.connect('connected');
    await greet(kernel);

    await job;
    await expect(inspected).rejects.toThrow('The connection was interrupted.');
    expect(client.outcome?.text).toContain('the connection was interrupted');
  });
});

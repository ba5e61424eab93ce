import { describe, expect, test, vi } from 'vitest';

import { connected, fixture } from './fakes';

const RUNNING = { subject: 'model', phase: 'save', phases: ['save'], seconds: 1, bytes: 2 };

describe('jobs', () => {
  test('are held while the kernel is busy and sent one at a time', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    expect(client.connection).toBe('busy');
    const check = client.check('model', { target: 'cpu' });
    void client.exportTo('model', 'exports/a', {});
    expect(kernel.requests).toEqual([]);
    expect(client.jobs).toMatchObject([
      { what: 'check', subject: 'model', state: 'queued' },
      { what: 'export', subject: 'model', state: 'queued' },
    ]);

    kernel.become('idle');
    expect(kernel.requests).toMatchObject([{ kind: 'check', options: { target: 'cpu' } }]);
    kernel.become('busy');
    kernel.say({ kind: 'began', id: kernel.idOf('check') });
    expect(client.jobs).toMatchObject([{ state: 'running' }, { state: 'queued' }]);
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '1 error' });
    await check;
    expect(client.outcome).toEqual({
      what: 'check',
      subject: 'model',
      text: '1 error',
      wentWrong: false,
      details: '',
    });
    expect(kernel.requests).toHaveLength(1);

    kernel.become('idle');
    expect(kernel.requests).toMatchObject([{ kind: 'check' }, { kind: 'export' }]);
  });

  test('a second one is not sent while an idle kernel has the first', async () => {
    const { kernel, client } = await connected();
    void client.check('model', {});
    void client.check('other', {});
    kernel.become('idle');

    expect(kernel.requests).toHaveLength(1);
  });

  test('cancelled while it waits: it is never sent and the kernel is left alone', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    const ended = client.exportTo('model', 'a', {});
    await client.cancel();
    await ended;
    kernel.become('idle');

    expect(kernel.requests).toEqual([]);
    expect(kernel.interrupts).toBe(0);
    expect(client.jobs).toEqual([]);
    expect(client.outcome).toMatchObject({
      text: 'cancelled before it began',
      wentWrong: false,
    });
  });

  test('several that are cancelled while they wait are told of together', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    void client.check('model', {});
    void client.exportTo('other', 'a', {});
    void client.exportTo('model', 'a', {});
    await client.cancel();

    expect(client.outcome).toMatchObject({
      subject: 'model, other',
      text: '3 jobs were cancelled before they began',
      wentWrong: false,
    });
  });

  test('cancelled while it runs: the kernel is interrupted and tells the end', async () => {
    const { kernel, client } = await connected();
    const ended = client.exportTo('model', 'a', {});
    const id = kernel.idOf('export');
    kernel.say({ kind: 'began', id });
    await client.cancel();
    expect(kernel.interrupts).toBe(1);
    expect(client.jobs).toHaveLength(1);

    kernel.say({ kind: 'failed', id, reason: 'cancelled', text: 'Cancelled in save', details: '' });
    await ended;

    expect(client.jobs).toEqual([]);
    expect(client.outcome).toMatchObject({ text: 'Cancelled in save', wentWrong: false });
  });

  test('cancelled when it waits in the kernel: a cell is not interrupted, it is', async () => {
    const { kernel, client } = await connected();
    void client.exportTo('model', 'a', {});
    kernel.become('busy'); // a cell came first
    await client.cancel();
    expect(kernel.interrupts).toBe(0);

    kernel.say({ kind: 'began', id: kernel.idOf('export') });
    expect(kernel.interrupts).toBe(1);
  });

  test('an export of a cell is interrupted too', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    kernel.say({ kind: 'change', running: RUNNING });
    await client.cancel();

    expect(kernel.interrupts).toBe(1);
  });

  test('with nothing to cancel nothing is interrupted', async () => {
    const { kernel, client, count } = await connected();
    kernel.become('busy');
    const before = count();
    await client.cancel();

    expect(kernel.interrupts).toBe(0);
    expect(count()).toBe(before);
  });

  test('an interrupt that fails is told', async () => {
    const { kernel, client } = await connected();
    kernel.say({ kind: 'change', running: RUNNING });
    kernel.interruptError = new Error('503');
    await client.cancel();

    expect(client.trouble).toBe('The kernel could not be interrupted: 503');
  });

  test('a failure is told with its details', async () => {
    const { kernel, client } = await connected();
    const ended = client.exportTo('model', 'a', {});
    const id = kernel.idOf('export');
    kernel.say({ ...fixture('failed'), id, reason: 'error', text: 'no', details: 'Traceback' });
    await ended;

    expect(client.outcome).toMatchObject({ text: 'no', wentWrong: true, details: 'Traceback' });
  });

  test('a check is replaced by a later one of the same model that has not begun either', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    const first = client.check('model', { target: 'cpu' });
    void client.check('model', { target: 'gpu' });
    await first;
    kernel.become('idle');

    expect(kernel.requests).toMatchObject([{ kind: 'check', options: { target: 'gpu' } }]);
    expect(client.jobs).toHaveLength(1);
  });

  test('how the last one ended is told till the next one is asked for', async () => {
    const { kernel, client } = await connected();
    for (const ask of [client.exportTo('model', 'a', {}), client.check('model', {})]) {
      const id = client.jobs[0]?.id;
      kernel.become('idle');
      kernel.say({ kind: 'failed', id, reason: 'error', text: 'no', details: '' });
      await ask;
    }
    expect(client.outcome?.text).toBe('no');
    void client.check('other', {});
    expect(client.outcome).toBeNull();
  });

  test("a check that was asked for before an export's end does not hide it", async () => {
    const { kernel, client } = await connected();
    void client.exportTo('model', 'a', {});
    void client.check('model', {});
    kernel.say({ kind: 'done', id: kernel.idOf('export'), text: 'exported' });
    kernel.become('idle');
    const id = kernel.idOf('check');
    kernel.say({ kind: 'began', id });
    expect(client.outcome?.text).toBe('exported');
    kernel.say({ kind: 'done', id, text: '1 error' });
    expect(client.outcome?.text).toBe('exported');

    void client.check('model', {});
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '2 errors' });
    expect(client.outcome?.text).toBe('2 errors');
  });

  test("a check that nobody asked for does not hide an export's end", async () => {
    const { kernel, client } = await connected();
    void client.exportTo('model', 'a', {});
    kernel.say({ kind: 'done', id: kernel.idOf('export'), text: 'exported' });
    void client.checkUnasked('model', {}, true);
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '1 error' });
    expect(client.outcome?.text).toBe('exported');
  });

  test('an export that begins ends the word of a check before it', async () => {
    const { kernel, client } = await connected();
    void client.check('model', {});
    void client.exportTo('model', 'a', {});
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '1 error' });
    expect(client.outcome?.text).toBe('1 error');
    kernel.become('idle');
    kernel.say({ kind: 'began', id: kernel.idOf('export') });
    expect(client.outcome).toBeNull();
  });

  test('an export that waits or runs is not asked for twice, unless it was cancelled', async () => {
    const { kernel, client } = await connected();
    kernel.become('busy');
    const options = { overwrite: true, signatures: ['call'] };
    const first = client.exportTo('model', 'a', options);
    const second = client.exportTo('model', 'a', { signatures: ['call'], overwrite: true });
    expect(client.jobs).toHaveLength(1);
    kernel.become('idle');
    const id = kernel.idOf('export');
    kernel.say({ kind: 'began', id });
    void client.exportTo('model', 'a', options);
    expect(client.jobs).toHaveLength(1);
    void client.exportTo('model', 'b', options);
    void client.exportTo('model', 'a', {});
    void client.exportTo('other', 'a', options);
    expect(client.jobs).toHaveLength(4);
    await client.cancel();
    void client.exportTo('model', 'a', options);
    expect(client.jobs).toHaveLength(2);

    kernel.say({ kind: 'done', id, text: 'so it is' });
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });

  test('one that cannot be sent ends', async () => {
    const { kernel, client } = await connected();
    vi.spyOn(kernel, 'sendShellMessage').mockImplementation(() => {
      throw new Error('Kernel is dead');
    });
    await client.check('model', {});

    expect(client.jobs).toEqual([]);
    expect(client.outcome).toMatchObject({ subject: 'model', wentWrong: true });
  });

  test('an end without a word gets one', async () => {
    const { kernel, client } = await connected();
    void client.check('model', {});
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '' });

    expect(client.outcome?.text).toBe('checked');
  });
});

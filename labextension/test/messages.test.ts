import { UUID } from '@lumino/coreutils';
import { describe, expect, test } from 'vitest';

import messages from '../../tests/wire/messages.json';
import type { Client } from '../src/client';
import { broken, connected, fixture, said } from './fakes';

const RUNNING = { subject: 'model', phase: 'save', phases: ['save'], seconds: 1, bytes: 2 };

describe('messages', () => {
  test('the answers of requests are given to who has asked', async () => {
    const { kernel, client } = await connected();
    const inspected = client.inspect('exports/model');
    const compared = client.compare('a', 'b');
    const line = client.write('panel', 'model', '', {});
    const [inspect, compare, write] = kernel.take();
    kernel.say({ ...fixture('line'), id: write?.id });
    kernel.say({ ...fixture('compared'), id: compare?.id });
    kernel.say({ ...fixture('inspected'), id: inspect?.id });

    expect(await inspected).toEqual(fixture('inspected').directory);
    expect((await compared).text).toBe('variables: 1 changed');
    expect(await line).toBe('%savedmodel panel model');
  });

  test("a failure is the kernel's sentence", async () => {
    const { kernel, client } = await connected();
    const inspected = client.inspect('a');
    kernel.say({ ...fixture('failed'), id: kernel.idOf('inspect'), text: 'no such directory' });

    await expect(inspected).rejects.toThrow('no such directory');
  });

  test('requests are those of the fixture', async () => {
    const { kernel, client } = await connected();
    client.setWatching(true, true, 'any');
    client.setWatching(false, true, 'any');
    const [, , , check, export_, inspect, compare, write] = messages.requests;
    const options = { target: 'cpu', strict: true, signatures: ['serve'] };
    const waiting: Promise<unknown>[] = [
      client.check('model', options, true),
      client.inspect('exports/model'),
      client.compare('a', 'b'),
      client.write('panel', 'model', '', {}),
    ];
    kernel.say({ kind: 'done', id: kernel.idOf('check'), text: '' });
    waiting.push(client.exportTo("zoo['<b>']", 'exports/a b', { overwrite: true }));
    kernel.become('idle');

    const shape = ({ id: _, ...rest }: { id: string }) => rest;
    const sent = kernel.requests.map(shape);
    const [, watch, leave] = messages.requests;
    const expected = [watch, leave, check, inspect, compare, write, export_];
    expect(sent).toEqual(expected.map((request) => request && shape(request)));
    expect(new Set(kernel.requests.map(({ id }) => id)).size).toBe(sent.length);
    for (const promise of waiting) {
      promise.catch(() => {});
    }
    client.dispose();
  });

  test('answers to others change nothing', async () => {
    const { kernel, client, count } = await connected();
    const before = { ...snapshot(client) };
    for (const message of said.filter(({ id }) => id !== undefined)) {
      kernel.say({ ...message, id: UUID.uuid4() });
    }

    expect(snapshot(client)).toEqual(before);
    expect(count()).toBe(0);
  });

  test.each(said.filter(({ kind }) => kind !== 'change'))(
    'a spoilt $kind changes nothing',
    async (message) => {
      const { kernel, client, count } = await connected();
      client.inspect('a').catch(() => {});
      void client.check('model', {});
      const emitted = count();
      const before = snapshot(client);
      const whole = [kernel.idOf('inspect'), kernel.idOf('check')].map((id) =>
        'id' in message ? { ...message, id } : message,
      );
      for (const { path, value } of whole.flatMap((one) => [...broken(one)])) {
        if (!/\.(defaults|versions)\.\w+ left out/.test(path)) {
          kernel.say(value);
        }
      }

      expect(snapshot(client)).toEqual(before);
      expect(count()).toBe(emitted);
    },
  );

  test('a spoilt part of a change changes nothing, even where the others are whole', async () => {
    const { kernel, client, count } = await connected();
    const before = snapshot(client);
    for (const { path, value } of broken(fixture('change'))) {
      if (!/^\.\w+ left out|\.versions\.\w+ left out/.test(path)) {
        kernel.say(value);
      }
    }

    expect(snapshot(client)).toEqual(before);
    expect(count()).toBe(0);
  });

  test('a change replaces the parts that it has, and is told once', async () => {
    const { kernel, client, count } = await connected();
    const { models } = client;
    kernel.say({ kind: 'change', running: RUNNING, checks: [], more_models: 3 });

    expect(client.models).toBe(models);
    expect(client).toMatchObject({ checks: [], running: RUNNING, moreModels: 3 });
    expect(count()).toBe(1);
    kernel.say({ kind: 'change', running: null });
    expect(client.running).toBeNull();
  });

  test('other comms, and messages without one, are left alone', async () => {
    const { kernel, client, count } = await connected();
    kernel.say({ kind: 'bye' }, 'other');
    kernel.publish('stream', { name: 'stdout', text: 'comm_msg' });
    kernel.publish('comm_msg', null);
    kernel.publish('comm_msg', { comm_id: 3 });

    expect(client.connection).toBe('ready');
    expect(count()).toBe(0);
  });
});

function snapshot(client: Client): object {
  const { connection, trouble, welcome, models, moreModels, checks, exports } = client;
  const { running, jobs, outcome } = client;
  return {
    connection,
    trouble,
    welcome,
    models,
    moreModels,
    checks,
    exports,
    running,
    jobs,
    outcome,
  };
}

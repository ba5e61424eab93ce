import { expect, test } from 'vitest';

import messages from '../../tests/wire/messages.json';
import { heard } from '../src/guard';
import { broken, fixture, said } from './fakes';

/** A change has the parts that have changed, and these are dicts of anything. */
const MAY_MISS =
  /^\.(models|more_models|checks|exports|running) left out|\.(defaults|versions)\.\w+ left out/;

test.each(said)('a message of the kernel is heard as it is: $kind', (message) => {
  expect(heard(message)).toEqual(message);
});

test.each(said)('what misses a part, or has a wrong one, is not heard: $kind', (message) => {
  const accepted = [...broken(message)].filter(({ value }) => heard(value) !== null);

  expect(accepted.map(({ path }) => path).filter((path) => !MAY_MISS.test(path))).toEqual([]);
});

test('there is something to break in every message', () => {
  for (const message of said) {
    expect([...broken(message)].length).toBeGreaterThan(Object.keys(message).length);
  }
});

test.each(messages.requests)('a request of ours is no message of the kernel: $kind', (request) => {
  expect(heard(request)).toBeNull();
});

test.each([
  null,
  undefined,
  1,
  'bye',
  [],
  [{ kind: 'bye' }],
  {},
  { kind: 'constructor' },
  { kind: '__proto__' },
  { kind: 'toString', id: '1' },
  { kind: 'shout', id: '1', text: 'more' },
])('rubbish is not heard: %j', (data) => {
  expect(heard(data)).toBeNull();
});

test('what a later kernel tells besides does no harm', () => {
  const message = { ...fixture('done'), mood: 'good' };

  expect(heard(message)).toEqual(message);
});

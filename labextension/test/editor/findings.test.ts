import { beforeEach, expect, test } from 'vitest';
import { FindingsStore } from '../../src/findings';
import { check, finding } from './cells';

let store: FindingsStore;
let told: string[][];

beforeEach(() => {
  store = new FindingsStore();
  told = [];
  store.changed.connect((_, cells) => told.push([...cells].sort()));
});

function codes(cellId: string): readonly string[] {
  return store.of(cellId).map((placed) => placed.finding.code);
}

test('findings are found by their cell, with the model and whether it changed', () => {
  const stale = { ...check(finding({ cell_id: 'b' })), is_stale: true, subject: 'encoder' };
  store.setChecks('k', [check(finding({ code: 'SM301' })), stale]);

  expect(codes('a')).toEqual(['SM301']);
  expect(store.of('a')[0]).toMatchObject({ subject: 'model', isStale: false });
  expect(store.of('b')[0]).toMatchObject({ subject: 'encoder', isStale: true });
  expect(store.of('c')).toEqual([]);
  expect(told).toEqual([['a', 'b']]);
});

test('what stands in no cell is not for editors', () => {
  store.setChecks('k', [check(finding({ cell_id: null }), finding({ line: null }))]);

  expect(told).toEqual([]);
});

test('only cells whose findings changed are told of', () => {
  const inA = finding({ cell_id: 'a' });
  store.setChecks('k', [check(inA, finding({ cell_id: 'b' }))]);
  told.length = 0;

  store.setChecks('k', [check({ ...inA }, finding({ cell_id: 'b', line: 3 }))]);
  store.setChecks('k', [check({ ...inA })]);
  store.setChecks('k', [check({ ...inA })]);
  store.setChecks('k', [{ ...check({ ...inA }), is_stale: true }]);

  expect(told).toEqual([['b'], ['b'], ['a']]);
});

test('a check replaces what its own kernel found, and nothing of another', () => {
  store.setChecks('k', [check(finding({ code: 'SM301' }))]);
  store.setChecks('l', [check(finding({ code: 'SM205' }))]);
  expect(codes('a')).toEqual(['SM301', 'SM205']);

  store.setChecks('k', []);
  expect(codes('a')).toEqual(['SM205']);

  store.remove('l');
  expect(codes('a')).toEqual([]);
  store.remove('l');
  expect(told).toEqual([['a'], ['a'], ['a'], ['a']]);
});

test('milder findings than the minimum are left out', () => {
  store.setChecks('k', [
    check(
      finding({ code: 'SM1', severity: 'error' }),
      finding({ code: 'SM2', severity: 'warning' }),
      finding({ code: 'SM3', severity: 'info' }),
      finding({ code: 'SM4', severity: 'error', cell_id: 'b' }),
    ),
  ]);
  told.length = 0;

  store.setMinimum('warning');
  expect(codes('a')).toEqual(['SM1', 'SM2']);
  store.setMinimum('error');
  expect(codes('a')).toEqual(['SM1']);
  store.setMinimum('error');
  store.setMinimum('off');
  expect(codes('a')).toEqual([]);
  store.setMinimum('info');
  expect(codes('a')).toEqual(['SM1', 'SM2', 'SM3']);
  expect(told).toEqual([['a'], ['a'], ['a', 'b'], ['a', 'b']]);
});

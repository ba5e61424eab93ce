import { expect, test } from 'vitest';

import { treeOf } from '../src/tree';
import { forTarget, readable, seconds, shortName, size, whereabouts } from '../src/words';
import { trans } from './views/fakes';

const NOWHERE = { cell: null, cell_id: null, line: null };

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [9600, '9.6 kB'],
  [1.5e9, '1.5 GB'],
  [3e22, '30000.0 EB'],
])('%d bytes are %s', (bytes, expected) => {
  expect(size(bytes, trans)).toBe(expected);
});

test('times, names and paths are short', () => {
  expect(seconds(59.9, trans)).toBe('59 s');
  expect(seconds(61, trans)).toBe('1 min 1 s');
  expect(readable('experimental_io_device')).toBe('io device');
  expect(shortName('/a/b/')).toBe('b');
  expect(shortName('C:\\a\\b')).toBe('b');
  expect(shortName('/')).toBe('/');
  expect(shortName('/a/versions/2/')).toBe('versions/2');
  expect(shortName('C:\\a\\versions\\12')).toBe('versions/12');
  expect(shortName('/2')).toBe('2');
  expect(shortName('/a/v2')).toBe('v2');
  expect(forTarget('any', trans)).toBe('for any target');
  expect(forTarget('cpu', trans)).toBe('for cpu');
});

test.each([
  [{ ...NOWHERE, cell: 2, line: 11, function: 'scale' }, 'cell [2], line 11, in scale'],
  [{ ...NOWHERE, cell_id: 'x', line: 1 }, 'a cell, line 1'],
  [{ ...NOWHERE, file: '/lib/a.py', line: 3 }, '/lib/a.py, line 3'],
  [{ ...NOWHERE, line: 3, function: 'f' }, 'in f'],
  [NOWHERE, ''],
])('%o is %s', (place, expected) => {
  expect(whereabouts(place, trans)).toBe(expected);
});

test('files stand in their folders, which are as large as what is in them', () => {
  const file = (path: string, bytes: number) => ({ path, bytes, role: '' });
  const tree = treeOf([
    file('saved_model.pb', 1),
    file('variables/shard', 20),
    file('variables/deep/er', 300),
    file('assets/', 0),
    file('constructor/x', 4000),
  ]);

  expect(tree.map((node) => [node.name, node.bytes])).toEqual([
    ['assets', 0],
    ['constructor', 4000],
    ['variables', 320],
    ['saved_model.pb', 1],
  ]);
  expect(tree[0]?.children).toEqual([]);
  expect(tree[2]?.children?.map((node) => node.name)).toEqual(['deep', 'shard']);
});

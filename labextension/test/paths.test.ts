import { expect, test } from 'vitest';

import { kernelPath, relativePath } from '../src/paths';

const HOME = '/home/a';

test.each([
  ['/home/a/work/exports/m', '~/work', 'exports/m'],
  ['/home/a/work/exports/m', '/home/a/work/', 'exports/m'],
  ['/home/a/work/./x/../m/', '/home/a/work', 'm'],
  ['~/work/m', '~/work', 'm'],
  ['/home/a/work', '~/work', ''],
  ['/srv/m', '/', 'srv/m'],
  ['/home/a/m', '~', 'm'],
  ['/home/a/workshop/m', '~/work', null],
  ['/home/a/work/../secret', '~/work', null],
  ['/srv/m', '~/work', null],
  ['exports/m', '~/work', null],
  ['/srv/m', '', null],
  ['/home/a/work/a\\b', '~/work', 'a\\b'],
  ['/home/a/work/<b> é', '~/work', '<b> é'],
  ['C:\\Users\\a\\work\\m', 'c:\\Users\\a', 'work/m'],
  ['D:\\m', 'C:\\Users\\a', null],
])('the file browser finds %s under %s at %s', (path, root, expected) => {
  expect(relativePath(path, root, HOME)).toBe(expected);
});

test('a root in a home that is not known yet holds nothing', () => {
  expect(relativePath('/home/a/m', '~', '')).toBeNull();
  expect(kernelPath('m', '~', '')).toBe('');
});

test.each([
  ['exports/m', '~/work', '/home/a/work/exports/m'],
  ['', '~', '/home/a'],
  ['/m', '/', '/m'],
  ['m', 'C:\\Users\\a', 'C:/Users/a/m'],
  ['m', '', ''],
])('the kernel finds %s under %s at %s', (path, root, expected) => {
  expect(kernelPath(path, root, HOME)).toBe(expected);
});

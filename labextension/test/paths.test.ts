import { expect, test } from 'vitest';

import { kernelPath, relativePath } from '../src/paths';

const HOME = '/home/a';

test.each([
  ['/home/a/books/exports/m', '~/books', 'exports/m'],
  ['/home/a/books/exports/m', '/home/a/books/', 'exports/m'],
  ['/home/a/books/./x/../m/', '/home/a/books', 'm'],
  ['~/books/m', '~/books', 'm'],
  ['/home/a/books', '~/books', ''],
  ['/srv/m', '/', 'srv/m'],
  ['/home/a/m', '~', 'm'],
  ['/home/a/booksshop/m', '~/books', null],
  ['/home/a/books/../secret', '~/books', null],
  ['/srv/m', '~/books', null],
  ['exports/m', '~/books', null],
  ['/srv/m', '', null],
  ['/home/a/books/a\\b', '~/books', 'a\\b'],
  ['/home/a/books/<b> é', '~/books', '<b> é'],
  ['C:\\Users\\a\\books\\m', 'c:\\Users\\a', 'books/m'],
  ['D:\\m', 'C:\\Users\\a', null],
])('the file browser finds %s under %s at %s', (path, root, expected) => {
  expect(relativePath(path, root, HOME)).toBe(expected);
});

test('a root in a home that is not known yet holds nothing', () => {
  expect(relativePath('/home/a/m', '~', '')).toBeNull();
  expect(kernelPath('m', '~', '')).toBe('');
});

test.each([
  ['exports/m', '~/books', '/home/a/books/exports/m'],
  ['', '~', '/home/a'],
  ['/m', '/', '/m'],
  ['m', 'C:\\Users\\a', 'C:/Users/a/m'],
  ['m', '', ''],
])('the kernel finds %s under %s at %s', (path, root, expected) => {
  expect(kernelPath(path, root, HOME)).toBe(expected);
});

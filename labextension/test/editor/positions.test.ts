import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import type { Finding } from '../../src/messages';
import { locate } from '../../src/positions';
import { finding } from './cells';

/** What is marked, with its line, in a text that was `then` when the finding came. */
function place(given: Partial<Finding>, now: string, then = now): string | null {
  const text = Text.of(now.split('\n'));
  const found = locate(finding(given), text, Text.of(then.split('\n')));
  return found && `${found.line}: ${text.sliceString(found.from, found.to)}`;
}

test('columns are those of characters, the last one behind', () => {
  const source = "    with tf.device('/GPU:0'):";
  const at = { source, column: 5, end_column: 30 };

  expect(place(at, `def f():\n${source}\n        pass`)).toBe("2: with tf.device('/GPU:0'):");
});

test('no columns: the line without its indentation', () => {
  expect(place({}, 'def f():\n\t  return 1  ')).toBe('2: return 1');
});

test.each([
  ['é = f(ü)', 5, 9, 'f(ü)'], // one UTF-16 unit a character, two bytes
  ["x = '😀'; y(1)", 10, 14, 'y(1)'], // a character of two units
  ["'👩‍👩‍👧' + z", 11, 12, 'z'], // one glyph, five characters, eight units
  ['변수 = 𝐱.𝐲', 6, 9, '𝐱.𝐲'],
])('columns in %s are characters, not bytes or UTF-16 units', (source, column, end, text) => {
  expect(place({ source, column, end_column: end }, `# 1\n${source}`)).toBe(`2: ${text}`);
});

test('a finding may end on a later line', () => {
  const at = { source: 'f(', column: 1, end_line: 4, end_column: 2 };

  expect(place(at, '# 1\nf(\n  "é"\n)  # end')).toBe('2: f(\n  "é"\n)');
});

test.each([
  [{ line: 9, end_line: 9 }],
  [{ line: 0, end_line: 0 }],
  [{ line: -1, end_line: -1 }],
  [{ line: null }],
  [{ line: 3, end_line: 3 }], // blank
  [{ source: 'nowhere' }],
  [{ source: '   ' }],
])('%o has no place', (given) => {
  expect(place(given, 'one\ntwo\n\nfour')).toBeNull();
});

test('columns that do not fit mark what is there', () => {
  expect(place({ column: 2, end_column: 99 }, 'one\n  two')).toBe('2:  two');
  expect(place({ column: 50, end_column: 99 }, 'one\n  two')).toBe('2: two');
  expect(place({ column: 3, end_column: 1 }, 'one\n  two')).toBe('2: two');
  expect(place({ column: 2, end_line: 50, end_column: 3 }, 'one\n  two')).toBe('2: two');
});

test('a line that has moved is found again', () => {
  const at = { source: 'b(1)', column: 1, end_column: 2 };

  expect(place(at, 'x\ny\na\nb(1)', 'a\nb(1)')).toBe('4: b');
  expect(place(at, 'b(1)', 'a\nb(1)')).toBe('1: b');
  expect(place({ line: 2 }, 'x\ny\na\nb(1)', 'a\nb(1)')).toBe('4: b(1)');
});

test('a line that was indented otherwise keeps its columns', () => {
  const at = { source: '    é.f(1)', column: 7, end_column: 8 };

  expect(place(at, 'if x:\n        é.f(1)', 'if x:\n    é.f(1)')).toBe('2: f');
  expect(place(at, 'if x:\né.f(1)')).toBe('2: f');
});

test('of lines that are the same, it is the one that it was', () => {
  const twice = ['with d:', 'f()', 'with d:', 'g()'];
  const at = { line: 3, end_line: 3, source: 'with d:' };
  const moved = ['#', '#', ...twice].join('\n');

  expect(place(at, twice.join('\n'))).toBe('3: with d:');
  expect(place(at, moved, twice.join('\n'))).toBe('5: with d:');
  // One of them is gone, and nobody knows which: the nearest line.
  expect(place(at, '#\nwith d:\ng()', twice.join('\n'))).toBe('2: with d:');
  expect(place(at, `${twice.join('\n')}\nwith d:`, twice.join('\n'))).toBe('3: with d:');
});

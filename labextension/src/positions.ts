import type { Text } from '@codemirror/state';
import type { Finding } from './messages';

/** Where a finding stands in an editor; `line` is 1-based. */
export interface Position {
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

/**
 * Find a finding's place in a cell, which may have been edited since.
 *
 * What counts is the text of its line; where it is gone, there is no place. Indentation is no part
 * of it: IPython takes a common one away before it compiles.
 *
 * @param then - The cell's text when the finding came.
 */
export function locate(finding: Finding, now: Text, then: Text): Position | null {
  if (finding.line === null) {
    return null;
  }
  const source = finding.source ?? textOf(then, finding.line) ?? '';
  const wanted = source.trim();
  const number = wanted === '' ? null : find(wanted, finding.line, now, then);
  if (number === null) {
    return null;
  }
  const first = now.line(number);
  const shift = indentation(first.text) - indentation(source);
  const whole = first.from + indentation(first.text);
  const from =
    finding.column === null
      ? whole
      : first.from + inside(offset(source, finding.column) + shift, first.text);
  const to = end(finding, now, number, shift);
  return to > from
    ? { from, to, line: number }
    : { from: whole, to: whole + wanted.length, line: number };
}

function end(finding: Finding, now: Text, number: number, shift: number): number {
  const last = number + Math.max(0, (finding.end_line ?? 0) - (finding.line ?? 0));
  if (last > now.lines) {
    return -1;
  }
  const line = now.line(last);
  // What stands before it on its first line is what stood there, so it counts in the line as it is.
  return finding.end_column === null
    ? line.from + line.text.trimEnd().length
    : line.from + inside(offset(line.text, finding.end_column + shift), line.text);
}

function find(wanted: string, line: number, now: Text, then: Text): number | null {
  const places = linesWith(wanted, now);
  const before = linesWith(wanted, then);
  // The same line may stand there more than once: the second one of two stays the second one.
  const nth = before.indexOf(line);
  if (nth >= 0 && before.length === places.length) {
    return places[nth] ?? null;
  }
  const distances = places.map((place) => Math.abs(place - line));
  return places[distances.indexOf(Math.min(...distances))] ?? null;
}

function linesWith(wanted: string, text: Text): readonly number[] {
  const found: number[] = [];
  let number = 0;
  for (const line of text.iterLines()) {
    number += 1;
    if (line.trim() === wanted) {
      found.push(number);
    }
  }
  return found;
}

function textOf(text: Text, line: number): string | null {
  return line >= 1 && line <= text.lines ? text.line(line).text : null;
}

function indentation(line: string): number {
  return line.length - line.trimStart().length;
}

function inside(at: number, line: string): number {
  return Math.min(Math.max(at, 0), line.length);
}

/** From a column as Python counts it, characters from 1, to an offset in UTF-16 as editors do. */
function offset(line: string, column: number): number {
  let left = column - 1;
  let at = 0;
  for (const character of line) {
    if (left <= 0) {
      break;
    }
    left -= 1;
    at += character.length;
  }
  return at;
}

/** Numbers, sizes and places in a person's words. */

import type { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** A size as the magics and the panel write it: powers of 1000, one decimal. */
export function size(bytes: number, trans: TranslationBundle): string {
  if (bytes < 1000) {
    return trans._n('%1 byte', '%1 bytes', bytes);
  }
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit += 1;
  } while (value >= 1000 && unit < UNITS.length - 1);
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** How long something has taken so far. */
export function seconds(count: number, trans: TranslationBundle): string {
  const whole = Math.floor(count);
  return whole < 60
    ? trans.__('%1 s', whole)
    : trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
}

/** Where something stands in a notebook. */
export interface Where {
  readonly cell: number | null;
  readonly cell_id: string | null;
  readonly line: number | null;
}

/** Whether there is a cell to go to. */
export function isReachable(place: Where): boolean {
  return place.cell !== null || place.cell_id !== null;
}

/** "cell [2], line 11, in scale", as far as it is known; a file where it is in no cell. */
export function whereabouts(
  place: Where & { readonly file?: string | null; readonly function?: string | null },
  trans: TranslationBundle,
): string {
  const parts: string[] = [];
  if (place.cell !== null) {
    parts.push(trans.__('cell [%1]', place.cell));
  } else if (place.cell_id !== null) {
    parts.push(trans.__('a cell'));
  } else if (place.file) {
    parts.push(place.file);
  }
  if (parts.length > 0 && place.line !== null) {
    parts.push(trans.__('line %1', place.line));
  }
  if (place.function) {
    parts.push(trans.__('in %1', place.function));
  }
  return parts.join(', ');
}

/** The name of a file or folder, without where it is; a version's has what it is a version of. */
export function shortName(path: string): string {
  const whole = path.replace(/[\\/]+$/, '');
  const version = /([^\\/:]+)[\\/]+(\d+)$/.exec(whole);
  return version ? `${version[1]}/${version[2]}` : whole.replace(/^.*[\\/]/, '') || path;
}

/** "for any target", "for cpu": what a check was made for. */
export function forTarget(target: string, trans: TranslationBundle): string {
  return target === 'any' ? trans.__('for any target') : trans.__('for %1', target);
}

/** The name of an option or a phase, to be read. */
export function readable(name: string): string {
  return name.replace(/^experimental_/, '').replaceAll('_', ' ');
}

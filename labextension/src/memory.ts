/** What the sidebar keeps over a reload of the page. */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { part } from './kernel';

const TARGETS = ['', 'any', 'cpu', 'gpu', 'tpu'];

/** What is kept. */
export interface Memory {
  readonly opened: readonly string[];
  readonly folded: readonly string[];
  readonly target: string;
}

/** Return it as a state database takes it. */
export function written({ opened, folded, target }: Memory): ReadonlyPartialJSONObject {
  return { opened: [...opened], folded: [...folded], target };
}

/** Return what was kept; of anything else, what can be read. */
export function remembered(json: unknown): Memory {
  const { opened, folded, target } = part(json);
  return {
    opened: texts(opened),
    folded: texts(folded),
    target: TARGETS.find((known) => known === target) ?? '',
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** What the sidebar keeps over a reload of the page. */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { isOptions } from './guard';
import type { Options } from './interfaces';
import { part } from './kernel';

const TARGETS = ['', 'any', 'cpu', 'gpu', 'tpu'];

/** How many drafts are kept: those of kernels that are gone would be more and more. */
const MOST = 20;

/** What was filled in for an export of a kernel's model. */
export interface KeptDraft {
  readonly kernel: string;
  readonly model: string;
  /** Whether the person has picked this model of the kernel's. */
  readonly isPicked: boolean;
  readonly directory: string;
  readonly options: Options;
}

/** What is kept. */
export interface Memory {
  readonly opened: readonly string[];
  readonly folded: readonly string[];
  readonly target: string;
  /** The newest last. */
  readonly drafts: readonly KeptDraft[];
}

/** Return it as a state database takes it. */
export function written({ opened, folded, target, drafts }: Memory): ReadonlyPartialJSONObject {
  return {
    opened: [...opened],
    folded: [...folded],
    target,
    drafts: drafts.slice(-MOST).map((draft) => ({ ...draft })),
  };
}

/** Return what was kept; of anything else, what can be read. */
export function remembered(json: unknown): Memory {
  const { opened, folded, target, drafts } = part(json);
  return {
    opened: texts(opened),
    folded: texts(folded),
    target: TARGETS.find((known) => known === target) ?? '',
    drafts: Array.isArray(drafts) ? drafts.flatMap(draftOf).slice(-MOST) : [],
  };
}

function draftOf(value: unknown): KeptDraft[] {
  const { kernel, model, isPicked, directory, options } = part(value);
  return typeof kernel === 'string' &&
    typeof model === 'string' &&
    typeof isPicked === 'boolean' &&
    typeof directory === 'string' &&
    isOptions(options)
    ? [{ kernel, model, isPicked, directory, options }]
    : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

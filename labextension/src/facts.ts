import type { Change, Check, Directory, Model, Running } from './messages';

/** What a kernel has told. */
export interface Facts {
  readonly models: readonly Model[];
  readonly moreModels: number;
  readonly checks: readonly Check[];
  readonly exports: readonly Directory[];
  readonly running: Running | null;
}

/** What is known of a kernel that has told nothing. */
export const NOTHING: Facts = {
  models: [],
  moreModels: 0,
  checks: [],
  exports: [],
  running: null,
};

/** Return the facts after a change, which has whole parts or leaves them out. */
export function changed(facts: Facts, { models, more_models, ...pushed }: Change): Facts {
  return {
    models: models ?? facts.models,
    moreModels: more_models ?? facts.moreModels,
    checks: pushed.checks ?? facts.checks,
    exports: pushed.exports ?? facts.exports,
    running: pushed.running === undefined ? facts.running : pushed.running,
  };
}

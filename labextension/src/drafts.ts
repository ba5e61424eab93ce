import type { Draft } from './interfaces';
import type { Model } from './messages';

interface Kept extends Draft {
  /** The model that the person has picked, which may be gone and come again. */
  readonly picked: string;
}

const EMPTY: Kept = { model: '', directory: '', options: {}, picked: '' };

/** What a person has filled in for exports, by kernel. */
export class Drafts {
  /** Return the draft of a kernel; without models it names none. */
  get(kernel: string, models: readonly Model[]): Draft {
    const { model, directory, options } = this._kept.get(kernel) ?? EMPTY;
    return { model: models.length === 0 ? '' : model, directory, options };
  }

  set(kernel: string, draft: Partial<Draft>): void {
    const kept = { ...(this._kept.get(kernel) ?? EMPTY), ...draft };
    this._kept.set(kernel, { ...kept, picked: kept.model });
  }

  /** See that the draft's model is one that there is. */
  settle(kernel: string, models: readonly Model[], areMore: boolean): void {
    const kept = this._kept.get(kernel) ?? EMPTY;
    this._kept.set(kernel, { ...kept, model: modelFor(kept, models, areMore) });
  }

  forget(kernel: string): void {
    this._kept.delete(kernel);
  }

  private readonly _kept = new Map<string, Kept>();
}

function modelFor({ picked, model }: Kept, models: readonly Model[], areMore: boolean): string {
  const [first] = models;
  if (first === undefined) {
    return model; // it comes again when a restarted kernel runs its cells
  }
  const there = [picked, model].find((name) => models.some((one) => isNamed(one, name)));
  if (there !== undefined) {
    return there;
  }
  if (model === '') {
    return first.name;
  }
  return areMore ? model : newest(first, models).name;
}

function isNamed(model: Model, name: string): boolean {
  return model.name === name || model.names.includes(name);
}

/** Execution counts grow; of one cell the last is the newest. */
function newest(first: Model, models: readonly Model[]): Model {
  const age = ({ cell }: Model) => cell ?? Number.NEGATIVE_INFINITY;
  return models.reduce((best, model) => (age(model) >= age(best) ? model : best), first);
}

import type { Draft, Options } from './interfaces';
import type { KeptDraft } from './memory';
import type { Model } from './messages';

/** What is filled in for one model. */
type Form = Omit<Draft, 'model'>;

interface Kept {
  /** The model that is shown. */
  readonly model: string;
  /** The model that the person has picked, which may be gone and come again. */
  readonly picked: string;
  /** By model, the one that was filled in last being the last; '' before there is any. */
  readonly forms: ReadonlyMap<string, Form>;
}

const BLANK: Form = { directory: '', options: {} };
const EMPTY: Kept = { model: '', picked: '', forms: new Map() };

/** What a person has filled in for exports, by kernel and model. */
export class Drafts {
  /** Return the draft of a kernel's model that is shown; without models it names none. */
  get(kernel: string, models: readonly Model[]): Draft {
    const { model, forms } = this._kept.get(kernel) ?? EMPTY;
    return { model: models.length === 0 ? '' : model, ...(forms.get(model) ?? BLANK) };
  }

  /** Return the options that are filled in for a model, by whichever of its names that was. */
  optionsOf(kernel: string, name: string, models: readonly Model[]): Options {
    const { forms } = this._kept.get(kernel) ?? EMPTY;
    const names = models.find((model) => isNamed(model, name))?.names ?? [];
    const known = [name, ...names].find((one) => forms.has(one));
    return (known === undefined ? undefined : forms.get(known))?.options ?? {};
  }

  /** Fill something in; another model has its own. */
  set(kernel: string, { model: picked, ...filled }: Partial<Draft>): void {
    const kept = this._kept.get(kernel) ?? EMPTY;
    const model = picked ?? kept.model;
    this._kept.delete(kernel); // the last one is the newest
    this._kept.set(kernel, { model, picked: model, forms: withForm(kept.forms, model, filled) });
  }

  /** Take an option away from what is filled in for a model. */
  untick(kernel: string, model: string, option: string): void {
    const kept = this._kept.get(kernel);
    const form = kept?.forms.get(model);
    if (kept !== undefined && form !== undefined) {
      const { [option]: _, ...options } = form.options;
      const forms = new Map(kept.forms).set(model, { ...form, options });
      this._kept.set(kernel, { ...kept, forms });
    }
  }

  /** See that the draft's model is one that there is. */
  settle(kernel: string, models: readonly Model[], areMore: boolean): void {
    const kept = this._kept.get(kernel) ?? EMPTY;
    const model = modelFor(kept, models, areMore);
    const early = kept.model === '' && model !== '' ? kept.forms.get('') : undefined;
    const forms = early === undefined ? kept.forms : withForm(kept.forms, model, early);
    this._kept.set(kernel, { ...kept, model, forms });
  }

  /** What there is to keep over a reload of the page; the newest last. */
  get all(): readonly KeptDraft[] {
    return [...this._kept].flatMap(([kernel, { picked, forms }]) => {
      const others = [...forms].filter(([model]) => model !== picked);
      const isBlank = picked === '' && !forms.has('');
      const shown: [string, Form][] = isBlank ? [] : [[picked, forms.get(picked) ?? BLANK]];
      return [...others, ...shown].map(([model, form]) => {
        return { kernel, model, isPicked: model === picked, ...form };
      });
    });
  }

  /** Take what was kept of kernels for which nothing was filled in or picked since. */
  restore(drafts: readonly KeptDraft[]): void {
    const newer = new Set(this.all.map(({ kernel }) => kernel));
    for (const { kernel, model, isPicked, directory, options } of drafts) {
      if (!newer.has(kernel)) {
        const { forms, picked } = this._kept.get(kernel) ?? EMPTY;
        const name = isPicked ? model : picked;
        const filled = withForm(forms, model, { directory, options });
        this._kept.delete(kernel);
        this._kept.set(kernel, { model: name, picked: name, forms: filled });
      }
    }
  }

  forget(kernel: string): void {
    this._kept.delete(kernel);
  }

  private readonly _kept = new Map<string, Kept>();
}

function withForm(
  forms: Kept['forms'],
  model: string,
  filled: Partial<Form>,
): ReadonlyMap<string, Form> {
  if (Object.keys(filled).length === 0) {
    return forms;
  }
  const others = [...forms].filter(([name]) => name !== model && name !== '');
  return new Map([...others, [model, { ...(forms.get(model) ?? BLANK), ...filled }]]);
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

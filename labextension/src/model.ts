import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from './client';
import { Drafts } from './drafts';
import type { Draft, ISidebarModel, Opened, Options, Place } from './interfaces';
import { remembered, written } from './memory';
import type { Welcome } from './messages';
import { Shelf, textOf } from './shelf';
import type { IKernels } from './tracker';

const NO_DRAFT: Draft = { model: '', directory: '', options: {} };

/** The options that say what a check looks at; the others are of what is written. */
const CHECKED: ReadonlySet<string> = new Set([
  'signatures',
  'inputs',
  'batch',
  'flatten',
  'with_optimizer',
  'allow_no_signature',
  'consumer',
  'fix',
  'strict',
]);

/** Milliseconds until the kernel is told again that somebody looks; it forgets after 10 min. */
const RENEWAL = 4 * 60 * 1000;

/** The sidebar without its looks. */
export class SidebarModel implements ISidebarModel {
  constructor(kernels: IKernels, trans: TranslationBundle) {
    this._kernels = kernels;
    this._trans = trans;
    kernels.changed.connect(this._onPlace);
    kernels.clientAdded.connect(this._onClients);
    kernels.clientRemoved.connect(this._onRemoved);
    this._onPlace();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get place(): Place | null {
    return this._kernels.place;
  }

  get kernel(): Client | null {
    return this._kernel;
  }

  get target(): string {
    return this._target;
  }

  get effectiveTarget(): string {
    const said = this._kernel?.welcome?.defaults.target;
    return this._target || (typeof said === 'string' && said) || 'any';
  }

  get draft(): Draft {
    return this._kernel === null
      ? NO_DRAFT
      : this._drafts.get(this._kernel.id, this._kernel.models);
  }

  get opened(): readonly Opened[] {
    return this._shelf.opened;
  }

  get comparison(): ISidebarModel['comparison'] {
    return this._comparison;
  }

  get folded(): ReadonlySet<string> {
    return this._folded;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the sidebar is seen: the kernel that it follows is then asked to keep it up to date. */
  setVisible(isVisible: boolean): void {
    this._isVisible = isVisible;
    this._watch();
    clearInterval(this._renewal);
    if (isVisible) {
      this._renewal = setInterval(() => this._kernels.current?.renewWatching(), RENEWAL);
    }
  }

  /** Whether what was checked is checked again when a cell has made it anew. */
  setLiveChecks(areLive: boolean): void {
    this._areLive = areLive;
    this._watch();
  }

  setTarget(target: string): void {
    if (target === this._target) {
      return;
    }
    this._target = target;
    this._watch();
    this._changed.emit();
    const { _kernel: kernel, effectiveTarget } = this;
    const models = new Set(kernel?.models.flatMap(({ name, names }) => [name, ...names]));
    for (const { subject } of kernel?.checks ?? []) {
      if (kernel !== null && models.has(subject)) {
        const typed = this._checkedAs(kernel, subject);
        const options = { ...typed, target: effectiveTarget };
        void kernel.checkUnasked(subject, options, isNothing(typed));
      }
    }
  }

  setDraft(draft: Partial<Draft>): void {
    if (this._kernel !== null) {
      this._drafts.set(this._kernel.id, draft);
      this._changed.emit();
    }
  }

  setFolded(section: string, folded: boolean): void {
    const sections = new Set(this._folded);
    if (folded) {
      sections.add(section);
    } else {
      sections.delete(section);
    }
    this._folded = sections;
    this._changed.emit();
  }

  async check(model: string): Promise<void> {
    const { _kernel: kernel } = this;
    if (kernel !== null) {
      const typed = this._checkedAs(kernel, model);
      await kernel.check(model, { ...typed, ...this._targeted }, isNothing(typed));
    }
  }

  async exportDraft(): Promise<void> {
    const { _kernel: kernel } = this;
    const { model, directory, options } = this.draft;
    if (kernel === null || model === '') {
      return;
    }
    if (await kernel.exportTo(model, directory, { ...options, ...this._targeted })) {
      this._drafts.untick(kernel.id, model, 'overwrite'); // it was meant for this one time
      this._changed.emit();
    }
  }

  async open(path: string): Promise<void> {
    this._shelf.add([path]);
    await this._read(path);
  }

  close(path: string): void {
    this._shelf.close(path);
  }

  async compare(first: string, second: string): Promise<void> {
    this._comparing += 1;
    const turn = this._comparing;
    const told = (await this._kernel?.compare(first, second).then(
      (compared) => ({
        text: compared.text || (compared.is_same ? this._trans.__('They are the same.') : ''),
        trouble: '',
      }),
      (error: unknown) => ({ text: '', trouble: textOf(error) }),
    )) ?? { text: '', trouble: this._trans.__('There is no kernel to compare them.') };
    if (turn === this._comparing && !this._isDisposed) {
      this._comparison = { first, second, ...told };
      this._changed.emit();
    }
  }

  endComparison(): void {
    this._comparing += 1;
    this._comparison = null;
    this._changed.emit();
  }

  /** What a state database keeps over a reload of the page. */
  serialize(): ReadonlyPartialJSONObject {
    const opened = this.opened.map(({ path }) => path);
    return written({
      opened,
      folded: [...this._folded],
      target: this._target,
      drafts: this._drafts.all,
    });
  }

  /** Take what was kept; what can't be read of it is left out. */
  restore(json: unknown): void {
    const { opened, folded, target, drafts } = remembered(json);
    this._folded = new Set([...this._folded, ...folded]);
    this._target ||= target;
    this._drafts.restore(drafts);
    this._settle();
    this._shelf.add(opened); // tells of the change
    this._watch();
    this._readWhatIsNot();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearInterval(this._renewal);
    this._kernels.changed.disconnect(this._onPlace);
    this._kernels.clientAdded.disconnect(this._onClients);
    this._kernels.clientRemoved.disconnect(this._onRemoved);
    this._kernel?.changed.disconnect(this._onKernel);
    this._isVisible = false;
    this._watch();
    Signal.clearData(this);
  }

  /** The option that tells the target, if the person has chosen one. */
  private get _targeted(): Options {
    return this._target === '' ? {} : { target: this._target };
  }

  /** What is filled in for a model of what a check looks at. */
  private _checkedAs(kernel: Client, model: string): Options {
    const options = this._drafts.optionsOf(kernel.id, model, kernel.models);
    return Object.fromEntries(Object.entries(options).filter(([name]) => CHECKED.has(name)));
  }

  private readonly _onPlace = (): void => {
    const { current } = this._kernels;
    if (current !== this._kernel) {
      this._kernel?.changed.disconnect(this._onKernel);
      current?.changed.connect(this._onKernel);
      this._kernel = current;
    }
    this._onKernel();
  };

  private readonly _onKernel = (): void => {
    const { _kernel: kernel } = this;
    this._settle();
    this._watch();
    this._changed.emit();
    const welcome = kernel?.welcome ?? null;
    if (welcome !== this._welcome) {
      this._welcome = welcome;
      this._readWhatIsNot();
    }
  };

  private _settle(): void {
    const { _kernel: kernel } = this;
    if (kernel !== null) {
      this._drafts.settle(kernel.id, kernel.models, kernel.moreModels > 0);
    }
  }

  private readonly _onClients = (): void => this._watch();

  private readonly _onRemoved = (_: unknown, client: Client): void => {
    this._drafts.forget(client.id);
  };

  /** Only the kernel that is followed works for the sidebar, and only for one that is seen. */
  private _watch(): void {
    for (const client of this._kernels.clients) {
      const isWatched = this._isVisible && client === this._kernel;
      client.setWatching(isWatched, this._areLive, this.effectiveTarget);
    }
  }

  private _readWhatIsNot(): void {
    if (this._kernel?.welcome) {
      for (const path of this._shelf.unread) {
        void this._read(path);
      }
    }
  }

  private async _read(path: string): Promise<void> {
    const { _kernel: kernel } = this;
    if (kernel !== null) {
      await this._shelf.read(path, (asked) => kernel.inspect(asked));
    }
  }

  private readonly _kernels: IKernels;
  private readonly _trans: TranslationBundle;
  private readonly _drafts = new Drafts();
  private readonly _shelf = new Shelf(() => this._changed.emit());
  private readonly _changed = new Signal<this, void>(this);
  private _kernel: Client | null = null;
  private _welcome: Welcome | null = null;
  private _target = '';
  private _folded: ReadonlySet<string> = new Set();
  private _comparison: ISidebarModel['comparison'] = null;
  private _comparing = 0;
  private _renewal: ReturnType<typeof setInterval> | undefined;
  private _isVisible = false;
  private _areLive = false;
  private _isDisposed = false;
}

/** Whether nothing is filled in: then what was served at the last check holds. */
function isNothing(options: Options): boolean {
  return Object.keys(options).length === 0;
}

import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { connectionOf } from './connection';
import { changed, type Facts, NOTHING } from './facts';

import type { Connection, IKernelModel, Job, Options, Outcome } from './interfaces';
import type { Order } from './jobs';
import { type IKernel, interrupt } from './kernel';
import { type IListener, Link, type Loss } from './link';
import { load, nothingText, waitingText } from './loading';
import type {
  Check,
  Compared,
  Directory,
  Model,
  Request,
  Running,
  Said,
  Welcome,
  Write,
} from './messages';
import { Pending } from './pending';
import { lossReason, lossText, outdatedText, unreachableText } from './sentences';
import { Watching } from './watch';
import { Work } from './work';

/** One kernel, whichever notebooks and consoles are open on it. */
export class Client implements IKernelModel, IListener {
  readonly id: string;

  constructor(kernel: IKernel, trans: TranslationBundle) {
    this.id = kernel.id;
    this._trans = trans;
    this._work = new Work(trans);
    this._link = new Link(kernel, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get connection(): Connection {
    return connectionOf(this._link, this._hasPushed);
  }

  get trouble(): string {
    return this._link.stage === 'outdated' ? outdatedText(this._trans) : this._trouble;
  }

  get welcome(): Welcome | null {
    return this._welcome;
  }

  get models(): readonly Model[] {
    return this._facts.models;
  }

  get moreModels(): number {
    return this._facts.moreModels;
  }

  get checks(): readonly Check[] {
    return this._facts.checks;
  }

  get exports(): readonly Directory[] {
    return this._facts.exports;
  }

  get running(): Running | null {
    return this._facts.running;
  }

  get jobs(): readonly Job[] {
    return this._work.jobs;
  }

  get outcome(): Outcome | null {
    return this._work.outcome;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The connection that it uses. */
  get kernel(): IKernel {
    return this._link.kernel;
  }

  /** Go on with another connection to the same kernel, since that of a closed notebook goes. */
  use(kernel: IKernel): void {
    this._link.use(kernel);
    this.onSettled();
  }

  /** Whether somebody looks, and what is then to be checked; a hidden sidebar sends nothing. */
  setWatching(watching: boolean, liveChecks: boolean, target: string): void {
    this._watching.set(watching, liveChecks, target);
    this._tellWatching();
  }

  /** Say once more that somebody looks: a kernel takes who is silent for long to be gone. */
  renewWatching(): void {
    this._watching.renew();
    this._tellWatching();
  }

  load(): Promise<void> {
    this._loading ??= this._load().finally(() => {
      this._loading = null;
    });
    return this._loading;
  }

  async check(model: string, options: Options, again = false): Promise<void> {
    await this._order({ kind: 'check', id: UUID.uuid4(), model, options, again });
  }

  /** Ask for a check that nobody has asked for: it leaves an export's end in sight. */
  async checkUnasked(model: string, options: Options, again: boolean): Promise<void> {
    await this._order({ kind: 'check', id: UUID.uuid4(), model, options, again }, false);
  }

  exportTo(model: string, directory: string, options: Options): Promise<boolean> {
    return this._order({ kind: 'export', id: UUID.uuid4(), model, directory, options });
  }

  async cancel(): Promise<void> {
    const { hasDropped, runs } = this._work.cancel();
    if (hasDropped) {
      this._changed.emit();
    }
    if (runs || this.running !== null) {
      await this._interrupt();
    }
  }

  async inspect(directory: string): Promise<Directory> {
    const id = UUID.uuid4();
    return (await this._ask({ kind: 'inspect', id, directory }, 'inspected')).directory;
  }

  compare(first: string, second: string): Promise<Compared> {
    return this._ask({ kind: 'compare', id: UUID.uuid4(), first, second }, 'compared');
  }

  async write(
    command: Write['command'],
    model: string,
    directory: string,
    options: Options,
  ): Promise<string> {
    const id = UUID.uuid4();
    const request: Write = { kind: 'write', id, command, model, directory, options };
    return (await this._ask(request, 'line')).text;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this.setWatching(false, false, '');
    this._isDisposed = true;
    this._link.dispose();
    this._pending.reject(this._trans.__('The notebook was closed.'));
    this._work.clear('');
    Signal.clearData(this);
  }

  onHello(): void {
    this._unanswered = [...this._work.sent, ...this._pending.ids];
    this._hasPushed = false;
    this._trouble = '';
    this._watching.forget();
    this._isDirty = true;
  }

  onWelcome(welcome: Welcome): void {
    this._work.lose(this._unanswered, this._trans.__('the connection was interrupted'));
    const why = this._trans.__('The connection was interrupted.');
    this._pending.reject(why, this._unanswered);
    this._welcome = welcome;
    this._isDirty = true;
  }

  onRefusal(text: string): void {
    this._trouble = text;
    this._isDirty = true;
  }

  onLost(loss: Loss): void {
    this._work.clear(lossReason(loss, this._trans));
    this._pending.reject(lossText(loss, this._trans));
    this._watching.forget();
    this._facts = NOTHING;
    this._welcome = null;
    this._trouble = '';
    this._isDirty = true;
  }

  onHeard(message: Said): void {
    switch (message.kind) {
      case 'change':
        this._facts = changed(this._facts, message);
        this._hasPushed = true;
        this._isDirty = true;
        break;
      case 'began':
        this._begin(message.id);
        break;
      case 'done':
      case 'failed':
        if (this._work.end(message)) {
          this._isDirty = true;
        } else {
          this._pending.take(message);
        }
        break;
      case 'inspected':
      case 'compared':
      case 'line':
        this._pending.take(message);
        break;
    }
  }

  onSettled(): void {
    const { connection } = this;
    if (this._isDisposed) {
      return;
    }
    if (this._isDirty || connection !== this._shown) {
      this._isDirty = false;
      this._shown = connection;
      this._changed.emit();
    }
    this._tellWatching();
    this._sendNext();
  }

  private async _load(): Promise<void> {
    const { kernel, stage } = this._link;
    if (this._isFound || stage === 'foreign' || stage === 'dead') {
      return;
    }
    this._trouble = kernel.status === 'busy' ? waitingText(this._trans) : '';
    this._changed.emit();
    const trouble = await load(kernel, this._trans);
    if (this._isDisposed) {
      return;
    }
    const isOther = kernel !== this._link.kernel;
    this._trouble = isOther ? '' : trouble;
    this._isDirty = true;
    if (!isOther && trouble === '' && this._link.stage === 'not-loaded') {
      await this._link.discover(); // nothing is announced by what was loaded already
      if (this._link.stage === 'not-loaded' && this._link.isOnline) {
        this._trouble ||= nothingText(this._trans);
        this._isDirty = true;
      }
    }
    this.onSettled();
  }

  private _order(order: Order, isAsked = true): Promise<boolean> {
    if (this._isDisposed || !this._isFound) {
      this._work.refuse(order);
      this._changed.emit();
      return Promise.resolve(false);
    }
    const ended = this._work.add(order, isAsked);
    this._changed.emit();
    this._sendNext();
    return ended;
  }

  /** Only an idle kernel gets a job, so that it can be cancelled till then. */
  private _sendNext(): void {
    if (this._link.stage !== 'ready' || this._link.kernel.status !== 'idle') {
      return;
    }
    if (!this._work.sendNext((order) => this._link.send(order))) {
      this._changed.emit();
    }
  }

  private _begin(id: string): void {
    const begun = this._work.begin(id);
    this._isDirty ||= begun !== null;
    if (begun?.isUnwanted) {
      void this._interrupt(); // it was cancelled while it waited in the kernel
    }
  }

  private async _interrupt(): Promise<void> {
    const why = await interrupt(this._link.kernel);
    if (why !== '') {
      this._trouble = this._trans.__('The kernel could not be interrupted: %1', why);
      this._changed.emit();
    }
  }

  private _ask<K extends Said['kind']>(
    request: Request,
    kind: K,
  ): Promise<Extract<Said, { kind: K }>> {
    if (this._isDisposed || !this._link.send(request)) {
      return Promise.reject(new Error(unreachableText(this._trans)));
    }
    return this._pending.wait(request.id, kind);
  }

  private _tellWatching(): void {
    if (this._link.stage === 'ready') {
      this._watching.tell((request) => this._link.send(request));
    }
  }

  /** Whether the kernel has our comm, and may yet have to answer hello. */
  private get _isFound(): boolean {
    return this._link.stage === 'greeting' || this._link.stage === 'ready';
  }

  private readonly _trans: TranslationBundle;
  private readonly _link: Link;
  private readonly _work: Work;
  private readonly _watching = new Watching();
  private readonly _pending = new Pending();
  private readonly _changed = new Signal<this, void>(this);
  private _facts: Facts = NOTHING;
  private _welcome: Welcome | null = null;
  private _trouble = '';
  private _loading: Promise<void> | null = null;
  /** What was asked before the last hello, and is answered before welcome if it is at all. */
  private _unanswered: readonly string[] = [];
  private _hasPushed = false;
  private _isDirty = false;
  private _shown: Connection = 'connecting';
  private _isDisposed = false;
}

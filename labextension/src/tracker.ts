import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Client } from './client';
import type { Place } from './interfaces';
import type { IKernel } from './kernel';

/** What is needed of a `NotebookPanel` or `ConsolePanel`. */
export interface IPanel {
  readonly id: string;
  readonly title: { readonly label: string; readonly changed: ISignal<unknown, unknown> };
  readonly sessionContext: {
    readonly session: { readonly kernel: IKernel | null } | null;
    readonly kernelDisplayName: string;
    readonly kernelChanged: ISignal<unknown, unknown>;
    readonly isDisposed: boolean;
    readonly disposed: ISignal<unknown, unknown>;
  };
  readonly isDisposed: boolean;
  readonly disposed: ISignal<unknown, unknown>;
}

/** What is needed of an `INotebookTracker` or `IConsoleTracker`. */
export interface IPanels {
  readonly currentWidget: IPanel | null;
  readonly currentChanged: ISignal<unknown, IPanel | null>;
  readonly widgetAdded: ISignal<unknown, IPanel>;
  forEach(visit: (panel: IPanel) => void): void;
}

/** What is needed of an `ILabShell`: it alone knows of a return from a console to its notebook. */
export interface IShell {
  readonly currentWidget: unknown;
  readonly currentChanged?: ISignal<unknown, unknown>;
}

/** The kernels of all open notebooks and consoles, and the one that is followed. */
export interface IKernels {
  readonly place: Place | null;
  readonly current: Client | null;
  readonly clients: Iterable<Client>;
  /** Emitted after `place` or `current` has changed. */
  readonly changed: ISignal<unknown, void>;
  readonly clientAdded: ISignal<unknown, Client>;
  /** Emitted before the client is disposed. */
  readonly clientRemoved: ISignal<unknown, Client>;
}

interface Entry {
  readonly kind: Place['kind'];
  readonly panel: IPanel;
  readonly release: () => void;
  kernel: IKernel | null;
}

/** Follows the notebook or console that had the focus last, with one client for each kernel. */
export class Tracker implements IKernels, IDisposable {
  constructor(
    trans: TranslationBundle,
    notebooks: IPanels,
    consoles: IPanels | null = null,
    shell: IShell | null = null,
  ) {
    this._trans = trans;
    this._shell = shell;
    this._sources = [this._source('notebook', notebooks)];
    if (consoles !== null) {
      this._sources.push(this._source('console', consoles));
    }
    for (const { kind, panels, onAdded, onCurrent } of this._sources) {
      panels.forEach((panel) => {
        this._add(kind, panel);
      });
      panels.widgetAdded.connect(onAdded);
      panels.currentChanged.connect(onCurrent);
    }
    shell?.currentChanged?.connect(this._onFocus);
    this._follow(null);
  }

  get place(): Place | null {
    return this._place;
  }

  get current(): Client | null {
    return this._client;
  }

  get clients(): Iterable<Client> {
    return this._clients.values();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get clientAdded(): ISignal<this, Client> {
    return this._clientAdded;
  }

  get clientRemoved(): ISignal<this, Client> {
    return this._clientRemoved;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    for (const { panels, onAdded, onCurrent } of this._sources) {
      panels.widgetAdded.disconnect(onAdded);
      panels.currentChanged.disconnect(onCurrent);
    }
    this._shell?.currentChanged?.disconnect(this._onFocus);
    for (const entry of this._entries.values()) {
      entry.release();
    }
    for (const client of this._clients.values()) {
      client.dispose();
    }
    this._entries.clear();
    this._clients.clear();
    Signal.clearData(this);
  }

  private _source(kind: Place['kind'], panels: IPanels) {
    const onAdded = (_: unknown, panel: IPanel) => {
      this._add(kind, panel);
      this._follow(null);
    };
    const onCurrent = (_: unknown, panel: IPanel | null) => {
      if (panel !== null) {
        this._add(kind, panel); // its focus may come before it is said to be added
      }
      this._follow(panel);
    };
    return { kind, panels, onAdded, onCurrent };
  }

  private _add(kind: Place['kind'], panel: IPanel): void {
    const { sessionContext: context, title } = panel;
    if (this._entries.has(panel) || panel.isDisposed || context.isDisposed) {
      return;
    }
    const onKernel = () => {
      this._attach(entry);
      this._update();
    };
    const onTitle = () => this._update();
    const onDisposed = () => this._drop(entry);
    const release = () => {
      context.kernelChanged.disconnect(onKernel);
      title.changed.disconnect(onTitle);
      context.disposed.disconnect(onDisposed);
      panel.disposed.disconnect(onDisposed);
    };
    context.kernelChanged.connect(onKernel);
    title.changed.connect(onTitle);
    context.disposed.connect(onDisposed); // the kernel can still be told then
    panel.disposed.connect(onDisposed);
    const entry: Entry = { kind, panel, release, kernel: null };
    this._entries.set(panel, entry);
    this._attach(entry);
  }

  private _drop(entry: Entry): void {
    entry.release();
    this._entries.delete(entry.panel);
    if (entry.kernel !== null) {
      this._settle(entry.kernel.id);
    }
    this._follow(null);
  }

  /** Take note of the kernel that a panel has now. */
  private _attach(entry: Entry): void {
    const before = entry.kernel;
    const after = entry.panel.sessionContext.session?.kernel ?? null;
    entry.kernel = after;
    for (const id of new Set([before?.id, after?.id])) {
      if (id !== undefined) {
        this._settle(id);
      }
    }
  }

  /** See that a kernel has a client as long as a panel has it, on the connection of such a panel. */
  private _settle(id: string): void {
    const kernels = [...this._entries.values()].flatMap(({ kernel }) =>
      kernel?.id === id ? [kernel] : [],
    );
    const client = this._clients.get(id);
    const [first] = kernels;
    if (first === undefined) {
      this._remove(client);
    } else if (client === undefined) {
      const added = new Client(first, this._trans);
      this._clients.set(id, added);
      this._clientAdded.emit(added);
    } else if (!kernels.includes(client.kernel)) {
      client.use(first);
    }
  }

  private _remove(client: Client | undefined): void {
    if (client !== undefined) {
      this._clients.delete(client.id);
      this._clientRemoved.emit(client);
      client.dispose();
    }
  }

  private readonly _onFocus = (): void => this._follow(null);

  /** What has the focus goes first, then what was asked for, then what it was before. */
  private _follow(wanted: IPanel | null): void {
    const candidates: unknown[] = [
      this._shell?.currentWidget,
      wanted,
      this._entry?.panel,
      ...this._sources.map(({ panels }) => panels.currentWidget),
    ];
    const found = candidates.map((panel) => this._entries.get(panel));
    this._entry = found.find((entry) => entry !== undefined) ?? null;
    this._update();
  }

  private _update(): void {
    const place = this._entry === null ? null : placeOf(this._entry);
    const client = this._clients.get(this._entry?.kernel?.id ?? '') ?? null;
    const isSame =
      place?.widgetId === this._place?.widgetId &&
      place?.name === this._place?.name &&
      place?.kernelName === this._place?.kernelName;
    if (!isSame || client !== this._client) {
      this._place = place;
      this._client = client;
      this._changed.emit();
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _shell: IShell | null;
  private readonly _sources: ReturnType<Tracker['_source']>[];
  private readonly _entries = new Map<unknown, Entry>();
  private readonly _clients = new Map<string, Client>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _clientAdded = new Signal<this, Client>(this);
  private readonly _clientRemoved = new Signal<this, Client>(this);
  private _entry: Entry | null = null;
  private _place: Place | null = null;
  private _client: Client | null = null;
  private _isDisposed = false;
}

function placeOf({ kind, panel, kernel }: Entry): Place {
  const kernelName = kernel === null ? '' : panel.sessionContext.kernelDisplayName;
  return { kind, name: panel.title.label, kernelName, widgetId: panel.id };
}

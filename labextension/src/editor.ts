import { setDiagnostics } from '@codemirror/lint';
import { Compartment, type Extension, type Text } from '@codemirror/state';
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { FindingsStore, Placed } from './findings';
import { type Mark, showing } from './marks';
import { locate } from './positions';
import { element, type Fading, plain, words } from './tooltip';

/**
 * Shows the findings of a store in the editors of their cells.
 *
 * `extension` goes into JupyterLab's `IEditorExtensionRegistry`: it makes a part of each editor as
 * it is made, which for a cell out of sight is late.
 */
export class EditorFindings implements IDisposable {
  readonly #store: FindingsStore;
  readonly #trans: TranslationBundle;
  readonly #editors = new Map<string, Set<CellFindings>>();
  /** The cell's text when a finding came, by cell and key: an editor may be made anew. */
  readonly #texts = new Map<string, Map<string, Text>>();

  constructor(store: FindingsStore, trans: TranslationBundle) {
    this.#store = store;
    this.#trans = trans;
    store.changed.connect(this.#onChanged, this);
  }

  /** What `IEditorExtensionRegistry.addExtension` takes. */
  get extension(): Readonly<IEditorExtensionFactory> {
    return Object.freeze({
      name: 'sm-magics:findings',
      factory: ({ model }: IEditorExtensionFactory.IOptions) => {
        const cellId = idOf(model.sharedModel);
        return cellId === null
          ? null
          : { instance: () => this.ofCell(cellId), reconfigure: () => null };
      },
    });
  }

  /** How many editors listen. */
  get size(): number {
    return [...this.#editors.values()].reduce((sum, some) => sum + some.size, 0);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }
  #isDisposed = false;

  /** Listen to the store no more. */
  dispose(): void {
    this.#isDisposed = true;
    Signal.disconnectReceiver(this);
  }

  /** The extension of one editor, of the cell with this id. */
  ofCell(cellId: string): Extension {
    // Empty as long as there is nothing to show: then the editor is as if we weren't there.
    const place = new Compartment();
    return [ViewPlugin.define((view) => this.#watch(cellId, view, place)), place.of(NOTHING)];
  }

  #watch(cellId: string, view: EditorView, place: Compartment): CellFindings {
    const ours = this.#editors.get(cellId) ?? new Set();
    this.#editors.set(cellId, ours);
    const one = new CellFindings(view, place, {
      hasAny: () => this.#store.of(cellId).length > 0,
      marks: (text) => this.#marks(cellId, text),
      forget: () => {
        ours.delete(one);
        if (ours.size === 0 && this.#editors.get(cellId) === ours) {
          this.#editors.delete(cellId);
        }
      },
    });
    ours.add(one);
    this.#keepTexts(cellId, view.state.doc);
    return one;
  }

  #onChanged(_: FindingsStore, cells: ReadonlySet<string>): void {
    for (const cellId of cells) {
      const editors = [...(this.#editors.get(cellId) ?? [])];
      this.#keepTexts(cellId, editors[0]?.text ?? null);
      for (const editor of editors) {
        editor.refresh();
      }
    }
  }

  /** Note the text for the findings that are new, and forget those that are gone. */
  #keepTexts(cellId: string, text: Text | null): void {
    const before = this.#texts.get(cellId);
    const now = new Map<string, Text>();
    for (const { key } of this.#store.all(cellId)) {
      const known = before?.get(key) ?? text;
      if (known !== null) {
        now.set(key, known);
      }
    }
    if (now.size > 0) {
      this.#texts.set(cellId, now);
    } else {
      this.#texts.delete(cellId);
    }
  }

  #marks(cellId: string, text: Text): readonly Mark[] {
    return this.#store.of(cellId).flatMap((placed) => {
      const then = this.#texts.get(cellId)?.get(placed.key) ?? text;
      const position = locate(placed.finding, text, then);
      if (position === null) {
        return [];
      }
      const { from, to, line } = position;
      // On another line than it was: the text was edited before the finding came.
      const isOther = !text.eq(then) || line !== placed.finding.line;
      return [this.#mark(placed, isOther ? 'text' : placed.isStale ? 'model' : 'none', from, to)];
    });
  }

  #mark(placed: Placed, fading: Fading, from: number, to: number): Mark {
    const said = words(placed, fading, this.#trans);
    const { severity } = placed.finding;
    const isFaded = fading !== 'none';
    return {
      from,
      to,
      severity,
      isFaded,
      markClass: `sm-magics-Mark sm-magics-mod-${severity}${isFaded ? ' sm-magics-mod-faded' : ''}`,
      message: plain(said),
      renderMessage: () => element(said),
    };
  }
}

const NOTHING: Extension = [];

/** What an editor asks of `EditorFindings`. */
interface Source {
  hasAny(): boolean;
  marks(text: Text): readonly Mark[];
  forget(): void;
}

/** The findings of one editor. */
class CellFindings implements PluginValue {
  readonly #view: EditorView;
  readonly #place: Compartment;
  readonly #source: Source;
  #isDue = false;
  #isGone = false;

  constructor(view: EditorView, place: Compartment, source: Source) {
    this.#view = view;
    this.#place = place;
    this.#source = source;
    if (source.hasAny()) {
      this.refresh();
    }
  }

  get text(): Text {
    return this.#view.state.doc;
  }

  update(update: ViewUpdate): void {
    if (update.docChanged && this.#source.hasAny()) {
      this.refresh();
    }
  }

  destroy(): void {
    this.#isGone = true;
    this.#source.forget();
  }

  /** Show what there is to show, once, when the editor has done what it is at. */
  refresh(): void {
    if (this.#isDue) {
      return;
    }
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#isGone) {
        this.#show(this.#source.marks(this.text));
      }
    });
  }

  #show(marks: readonly Mark[]): void {
    const isShowing = this.#place.get(this.#view.state) === showing;
    if (isShowing !== marks.length > 0) {
      const next = marks.length > 0 ? showing : NOTHING;
      this.#view.dispatch({ effects: this.#place.reconfigure(next) });
    }
    if (marks.length > 0) {
      this.#view.dispatch(setDiagnostics(this.#view.state, marks));
    }
  }
}

function idOf(shared: object): string | null {
  // Only a cell's model has an id; a file's has none.
  const id: unknown =
    'getId' in shared && typeof shared.getId === 'function' ? shared.getId() : null;
  return typeof id === 'string' ? id : null;
}

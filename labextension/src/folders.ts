import type { Contents } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

const NAMES = new Set(['saved_model.pb', 'saved_model.pbtxt']);

/**
 * Which folders of the file browser hold a SavedModel.
 *
 * A menu wants to know at once: it gets what was known last, and the server is asked meanwhile.
 */
export class Folders {
  constructor(private readonly contents: Pick<Contents.IManager, 'get'>) {}

  /** Emitted when the answer for a folder has changed. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  /** Whether a folder holds a SavedModel, as far as is known; asks once until `forgetAsked`. */
  holds(path: string): boolean {
    if (!this.asked.has(path)) {
      this.asked.add(path);
      void this.ask(path);
    }
    return this.known.get(path) ?? false;
  }

  /** Ask again from now on: the menu was closed. */
  forgetAsked(): void {
    this.asked.clear();
  }

  private async ask(path: string): Promise<void> {
    const before = this.known.get(path) ?? false;
    const now = await this.look(path);
    this.known.set(path, now);
    if (now !== before) {
      this._changed.emit(path);
    }
  }

  private async look(path: string): Promise<boolean> {
    try {
      const folder = await this.contents.get(path, { type: 'directory', content: true });
      const entries: readonly Contents.IModel[] = folder.content ?? [];
      return entries.some((entry) => NAMES.has(entry.name));
    } catch {
      return false; // gone, or not ours to read
    }
  }

  private readonly asked = new Set<string>();
  private readonly known = new Map<string, boolean>();
  private readonly _changed = new Signal<this, string>(this);
}

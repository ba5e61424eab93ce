import type { Opened } from './interfaces';
import type { Directory } from './messages';

/** The directories that a person has opened, in that order. */
export class Shelf {
  /** `onChanged` is called after each change. */
  constructor(onChanged: () => void) {
    this._onChanged = onChanged;
  }

  get opened(): readonly Opened[] {
    return this._opened;
  }

  /** The paths of which nothing is known. */
  get unread(): readonly string[] {
    return this._opened.filter(({ directory }) => directory === null).map(({ path }) => path);
  }

  /** Add paths that are not there yet. */
  add(paths: readonly string[]): void {
    for (const path of new Set(paths)) {
      if (!this._opened.some((one) => one.path === path)) {
        this._opened = [...this._opened, { path, directory: null, trouble: '' }];
      }
    }
    this._onChanged();
  }

  /** Read a directory, which keeps what was known of it until then. */
  async read(path: string, inspect: (path: string) => Promise<Directory>): Promise<void> {
    this._turn += 1;
    const turn = this._turn;
    this._turns.set(path, turn);
    const told = await inspect(path).then(
      (directory) => ({ path: directory.path, directory, trouble: '' }),
      (error: unknown) => ({ path, directory: null, trouble: textOf(error) }),
    );
    if (this._turns.get(path) === turn) {
      this._turns.delete(path);
      this._replace(path, told);
    }
  }

  close(path: string): void {
    this._turns.delete(path); // what is still told of it is dropped
    this._opened = this._opened.filter((one) => one.path !== path);
    this._onChanged();
  }

  /** The kernel knows the whole path, by which the same directory may be there already. */
  private _replace(path: string, told: Opened): void {
    const others = this._opened.filter((one) => one.path !== told.path || one.path === path);
    this._opened = others.map((one) => (one.path === path ? told : one));
    this._onChanged();
  }

  private readonly _onChanged: () => void;
  private readonly _turns = new Map<string, number>();
  private _turn = 0;
  private _opened: readonly Opened[] = [];
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

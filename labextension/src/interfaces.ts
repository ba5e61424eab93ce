/** What the parts of the sidebar know of each other. Types only. */

import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { Check, Compared, Directory, Given, Model, Running, Welcome, Write } from './messages';

/**
 * How far one is with a kernel.
 *
 * `absent`: there is none. `foreign`: it is not Python's. `not-loaded`: it runs, without our
 * extension. `connecting`: asked, not answered yet. `ready`, `busy`: connected. `outdated`: both
 * ends speak different versions. `dead`: it ended, or restarts.
 */
export type Connection =
  | 'absent'
  | 'foreign'
  | 'not-loaded'
  | 'connecting'
  | 'ready'
  | 'busy'
  | 'outdated'
  | 'dead';

export type Options = Readonly<Record<string, Given>>;

/** A check or an export that was asked for. `queued`: the kernel is at something else. */
export interface Job {
  readonly id: string;
  readonly what: 'check' | 'export';
  readonly subject: string;
  readonly state: 'queued' | 'running';
}

/** How the last check or export ended, till the next one is asked for. */
export interface Outcome {
  readonly what: 'check' | 'export';
  readonly subject: string;
  readonly text: string;
  readonly wentWrong: boolean;
  readonly details: string;
}

/** What is known of one kernel, and what one can ask of it. No DOM. */
export interface IKernelModel extends IDisposable {
  readonly id: string;
  /** Emitted after any of the properties below has changed. */
  readonly changed: ISignal<IKernelModel, void>;
  readonly connection: Connection;
  /** What to tell the person about the connection, such as why loading failed; often empty. */
  readonly trouble: string;
  readonly welcome: Welcome | null;
  readonly models: readonly Model[];
  readonly moreModels: number;
  readonly checks: readonly Check[];
  readonly exports: readonly Directory[];
  readonly running: Running | null;
  readonly jobs: readonly Job[];
  readonly outcome: Outcome | null;
  /** Run `%load_ext sm_magics`; what goes wrong is told in `trouble`. */
  load(): Promise<void>;
  /**
   * Ask for a check; how it ends is told in `outcome`. Never rejects. With `again`, what was
   * served at its last check holds, too.
   */
  check(model: string, options: Options, again?: boolean): Promise<void>;
  /** Ask for an export; how it ends is told in `outcome`: true if well. Never rejects. */
  exportTo(model: string, directory: string, options: Options): Promise<boolean>;
  /** Drop the queued jobs, and interrupt the one that runs. */
  cancel(): Promise<void>;
  /** These reject with an Error whose message is for the person. */
  inspect(directory: string): Promise<Directory>;
  compare(first: string, second: string): Promise<Compared>;
  write(
    command: Write['command'],
    model: string,
    directory: string,
    options: Options,
  ): Promise<string>;
}

/** The notebook or console that the sidebar follows. */
export interface Place {
  readonly kind: 'notebook' | 'console';
  /** File name or title, as its tab shows it. */
  readonly name: string;
  /** The kernel's display name; empty without one. */
  readonly kernelName: string;
  /** The id of its widget. */
  readonly widgetId: string;
}

/** A directory that the person has opened, and what is known of it. */
export interface Opened {
  readonly path: string;
  readonly directory: Directory | null;
  /** Why it can't be read; empty if it can, or was not asked for yet. */
  readonly trouble: string;
}

/** What a person has filled in for an export of a model; each model has its own. */
export interface Draft {
  readonly model: string;
  readonly directory: string;
  readonly options: Options;
}

/** What the sidebar shows: it follows the active notebook or console. No DOM. */
export interface ISidebarModel extends IDisposable {
  /** Emitted after any of the properties below, or of the kernel, has changed. */
  readonly changed: ISignal<ISidebarModel, void>;
  readonly place: Place | null;
  readonly kernel: IKernelModel | null;
  /** Where exports go: any, cpu, gpu or tpu; empty is what the notebook says (`%config`). */
  readonly target: string;
  /** The target that holds: `target`, or what the notebook says. */
  readonly effectiveTarget: string;
  readonly draft: Draft;
  readonly opened: readonly Opened[];
  /** What the last comparison of two directories told; null if none, or it was closed. */
  readonly comparison: { first: string; second: string; text: string; trouble: string } | null;
  /** Sections that are folded, by name: models, findings, export, exports. */
  readonly folded: ReadonlySet<string>;
  /** Set the target; what has been checked is checked again for it. */
  setTarget(target: string): void;
  /** Fill something in for the draft's model, or for another one, which is then shown. */
  setDraft(draft: Partial<Draft>): void;
  setFolded(section: string, folded: boolean): void;
  /** Check as the model's draft says, or else what was served last, with the target that holds. */
  check(model: string): Promise<void>;
  /** Export as the draft says. */
  exportDraft(): Promise<void>;
  /** Read a directory and keep it in `opened`; once more if it is there already. */
  open(path: string): Promise<void>;
  close(path: string): void;
  compare(first: string, second: string): Promise<void>;
  endComparison(): void;
  /** Whether somebody sees the sidebar: else nothing is watched. */
  setVisible(isVisible: boolean): void;
  /** Whether what was checked is checked again when a cell made it anew. */
  setLiveChecks(isOn: boolean): void;
  /** What a reload should bring back, as JSON. */
  serialize(): ReadonlyPartialJSONObject;
  /** Bring it back; what can't be read is left out. */
  restore(state: ReadonlyPartialJSONValue): void;
}

/** What the sidebar and its commands can do with the application around it. */
export interface IHost {
  /** Show a line of a cell, in whichever notebook or console of this kernel has it. */
  reveal(place: {
    cell_id: string | null;
    cell: number | null;
    line: number | null;
  }): Promise<boolean>;
  /** Insert a code cell below the active one and run it; in a console, run it. */
  runCell(text: string): Promise<void>;
  /** Whether a path of the kernel's machine lies where the file browser can show it. */
  canBrowse(path: string): boolean;
  browse(path: string): Promise<void>;
  copy(text: string): Promise<void>;
}

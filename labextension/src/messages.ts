// Written by scripts/make_messages.py from sm_magics/notebook/sidebar/messages.py.

/** Both ends must speak the same. */
export const VERSION = 1;

/** A front end finds our comm by it. */
export const TARGET_NAME = 'sm_magics';

export type Given = boolean | string | string[];

/** A model of the notebook: `sm_magics.Model`. `panel` is the line that opens its panel. */
export interface Model {
  name: string;
  names: string[];
  kind: string;
  framework: string;
  class_name: string;
  built: boolean | null;
  variables: number;
  bytes: number;
  functions: string[];
  cell: number | null;
  cell_id: string | null;
  line: number | null;
  panel: string;
}

/** A place that a finding refers to besides its own. */
export interface Related {
  what: string;
  cell: number | null;
  cell_id: string | null;
  line: number | null;
}

/** What can go wrong: `sm_magics.Diagnostic`, with its title and consequence. */
export interface Finding {
  code: string;
  severity: 'error' | 'info' | 'warning';
  title: string;
  consequence: string;
  message: string;
  hint: string;
  function: string | null;
  count: number;
  cell: number | null;
  cell_id: string | null;
  line: number | null;
  end_line: number | null;
  column: number | null;
  end_column: number | null;
  file: string | null;
  source: string | null;
  related: Related[];
}

/** What the last check or export of a model found, and whether model or cell changed since. */
export interface Check {
  subject: string;
  target: string;
  is_stale: boolean;
  findings: Finding[];
}

/** A file of a directory: its relative POSIX path, its size, what it is. */
export interface File {
  path: string;
  bytes: number;
  role: string;
}

/** A signature; its inputs and outputs as a person types them: ``x: float32[None, 3]``. */
export interface Signature {
  key: string;
  function: string;
  inputs: string[];
  outputs: string[];
}

/**
 * A SavedModel directory; `snippet` is the Python that loads it and calls its signatures.
 *
 * `subject` is the model that this session has exported there, empty where it did not.
 */
export interface Directory {
  path: string;
  subject: string;
  bytes: number;
  files: File[];
  more_files: number;
  signatures: Signature[];
  tags: string[];
  versions: Record<string, string>;
  snippet: string;
}

/** How far an export is; `phases` in their order, `phase` is one of them. */
export interface Running {
  subject: string;
  phase: string;
  phases: string[];
  seconds: number;
  bytes: number;
}

/** An option of an export: `sm_magics.savedmodel.options.Option`. */
export interface Option {
  name: string;
  kind: string;
  help: string;
  metavar: string;
  choices: string[];
}

/** The first request. It is answered by Welcome, or Failed if versions differ. */
export interface Hello {
  kind: 'hello';
  id: string;
  version: number;
}

/**
 * Keep the models up to date from now on: somebody looks. Answered by Done.
 *
 * With `live_checks` what was checked is checked again when a cell made it anew, for `target`
 * where it was asked for none. Who is silent for 10 minutes is taken to be gone.
 */
export interface Watch {
  kind: 'watch';
  id: string;
  live_checks: boolean;
  target: '' | 'any' | 'cpu' | 'gpu' | 'tpu';
}

/** Nobody looks any more. Answered by Done. */
export interface Leave {
  kind: 'leave';
  id: string;
}

/**
 * Check a model of the notebook. Answered by Done.
 *
 * With `again`, the options of its last check or export that say what is served hold, too.
 */
export interface CheckModel {
  kind: 'check';
  id: string;
  model: string;
  options: Record<string, Given>;
  again: boolean;
}

/** Export a model of the notebook. Answered by Done, Running on the way. */
export interface ExportModel {
  kind: 'export';
  id: string;
  model: string;
  directory: string;
  options: Record<string, Given>;
}

/** Read a directory. Answered by Inspected. */
export interface Inspect {
  kind: 'inspect';
  id: string;
  directory: string;
}

/** Tell what differs between two directories. Answered by Compared. */
export interface Compare {
  kind: 'compare';
  id: string;
  first: string;
  second: string;
}

/** Write a request as a magic's line: `command` is check, export or panel. Answered by Line. */
export interface Write {
  kind: 'write';
  id: string;
  command: 'check' | 'export' | 'panel';
  model: string;
  directory: string;
  options: Record<string, Given>;
}

/** The extension was loaded: a front end may say hello. */
export interface Announce {
  kind: 'announce';
  version: number;
}

/** The extension was unloaded: the comm answers no more. */
export interface Bye {
  kind: 'bye';
}

/**
 * What changed, each whole; what is left out has not changed. `running` null: no export runs.
 *
 * `more_models` counts the models that are left out of a long list.
 */
export interface Change {
  kind: 'change';
  models?: Model[];
  more_models?: number;
  checks?: Check[];
  exports?: Directory[];
  running?: Running | null;
}

/**
 * The answer to hello; a Change with everything follows.
 *
 * Attributes
 * ----------
 * version : int
 *     Of the messages.
 * package : str
 *     The version of sm_magics.
 * home : str
 *     The kernel's home directory, which JupyterLab writes as ``~``.
 * defaults : dict
 *     What options are where a request says nothing: `%config SavedModelMagics`.
 * options : list of Option
 *     The options of an export that are asked for often, and the text of their help.
 */
export interface Welcome {
  kind: 'welcome';
  id: string;
  version: number;
  package: string;
  home: string;
  defaults: Record<string, Given>;
  options: Option[];
}

/** The request waits no longer: the kernel is at it. */
export interface Began {
  kind: 'began';
  id: string;
}

/** The request is done; `text` is one sentence of how, empty where there is nothing to say. */
export interface Done {
  kind: 'done';
  id: string;
  text: string;
}

/** What is in a directory. */
export interface Inspected {
  kind: 'inspected';
  id: string;
  directory: Directory;
}

/** What differs, as text; `is_same` where nothing does. */
export interface Compared {
  kind: 'compared';
  id: string;
  is_same: boolean;
  text: string;
}

/** A request as a magic's line. */
export interface Line {
  kind: 'line';
  id: string;
  text: string;
}

/**
 * The request failed and changed nothing; `details` is a traceback where nobody expected it.
 *
 * `id` is empty if the request could not be read so far. `reason` is ``"malformed"``,
 * ``"version"``, ``"cancelled"``, ``"refused"`` (`text` says what to do instead) or ``"error"``.
 */
export interface Failed {
  kind: 'failed';
  id: string;
  reason: 'cancelled' | 'error' | 'malformed' | 'refused' | 'version';
  text: string;
  details: string;
}

export type Request =
  | Hello
  | Watch
  | Leave
  | CheckModel
  | ExportModel
  | Inspect
  | Compare
  | Write;

export type Said =
  | Announce
  | Bye
  | Change
  | Welcome
  | Began
  | Done
  | Inspected
  | Compared
  | Line
  | Failed;

/** Tells messages of the kernel from anything else: a kernel may run any version, or send rubbish. */

import type {
  Began,
  Bye,
  Change,
  Check,
  Compared,
  Directory,
  Done,
  Failed,
  File,
  Finding,
  Given,
  Inspected,
  Line,
  Model,
  Option,
  Related,
  Running,
  Said,
  Signature,
  Welcome,
} from './messages';

type Is<T> = (value: unknown) => value is T;

const text: Is<string> = (value) => typeof value === 'string';
const number: Is<number> = (value) => typeof value === 'number';
const flag: Is<boolean> = (value) => typeof value === 'boolean';
const given: Is<Given> = (value): value is Given => text(value) || flag(value) || list(text)(value);

/** Fields beyond these are let pass, so that a later kernel may tell more. */
function record<T extends object>(fields: { [K in keyof T]-?: Is<T[K]> }): Is<T> {
  const wanted = Object.entries(fields) as [string, Is<unknown>][];
  return (value): value is T => isObject(value) && wanted.every(([key, is]) => is(value[key]));
}

function list<T>(is: Is<T>): Is<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(is);
}

function dict<T>(is: Is<T>): Is<Record<string, T>> {
  return (value): value is Record<string, T> => isObject(value) && Object.values(value).every(is);
}

function orNull<T>(is: Is<T>): Is<T | null> {
  return (value): value is T | null => value === null || is(value);
}

function perhaps<T>(is: Is<T>): Is<T | undefined> {
  return (value): value is T | undefined => value === undefined || is(value);
}

function one<T extends string>(...words: readonly T[]): Is<T> {
  return (value): value is T => words.some((word) => word === value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const place = { cell: orNull(number), cell_id: orNull(text), line: orNull(number) };

const model = record<Model>({
  name: text,
  names: list(text),
  kind: text,
  framework: text,
  class_name: text,
  built: orNull(flag),
  variables: number,
  bytes: number,
  functions: list(text),
  ...place,
  panel: text,
});

const finding = record<Finding>({
  code: text,
  severity: one('error', 'info', 'warning'),
  title: text,
  consequence: text,
  message: text,
  hint: text,
  function: orNull(text),
  count: number,
  ...place,
  end_line: orNull(number),
  column: orNull(number),
  end_column: orNull(number),
  file: orNull(text),
  source: orNull(text),
  related: list(record<Related>({ what: text, ...place })),
});

const check = record<Check>({
  subject: text,
  target: text,
  is_stale: flag,
  findings: list(finding),
});

const directory = record<Directory>({
  path: text,
  subject: text,
  bytes: number,
  files: list(record<File>({ path: text, bytes: number, role: text })),
  more_files: number,
  signatures: list(
    record<Signature>({ key: text, function: text, inputs: list(text), outputs: list(text) }),
  ),
  tags: list(text),
  versions: dict(text),
  snippet: text,
});

const running = record<Running>({
  subject: text,
  phase: text,
  phases: list(text),
  seconds: number,
  bytes: number,
});

const option = record<Option>({
  name: text,
  kind: text,
  help: text,
  metavar: text,
  choices: list(text),
});

const SAID: { [K in Said['kind']]: Is<Extract<Said, { kind: K }>> } = {
  announce: record({ kind: one('announce'), version: number }),
  bye: record<Bye>({ kind: one('bye') }),
  change: record<Change>({
    kind: one('change'),
    models: perhaps(list(model)),
    more_models: perhaps(number),
    checks: perhaps(list(check)),
    exports: perhaps(list(directory)),
    running: perhaps(orNull(running)),
  }),
  welcome: record<Welcome>({
    kind: one('welcome'),
    id: text,
    version: number,
    package: text,
    home: text,
    defaults: dict(given),
    options: list(option),
  }),
  began: record<Began>({ kind: one('began'), id: text }),
  done: record<Done>({ kind: one('done'), id: text, text }),
  inspected: record<Inspected>({ kind: one('inspected'), id: text, directory }),
  compared: record<Compared>({ kind: one('compared'), id: text, is_same: flag, text }),
  line: record<Line>({ kind: one('line'), id: text, text }),
  failed: record<Failed>({
    kind: one('failed'),
    id: text,
    reason: one('cancelled', 'error', 'malformed', 'refused', 'version'),
    text,
    details: text,
  }),
};

/** Return a comm's data as a message of the kernel, or null if it is none. */
/** Whether it is the options of a request. */
export const isOptions: Is<Record<string, Given>> = dict(given);

export function heard(data: unknown): Said | null {
  if (!isObject(data) || !text(data.kind) || !Object.hasOwn(SAID, data.kind)) {
    return null;
  }
  return SAID[data.kind as Said['kind']](data) ? (data as unknown as Said) : null;
}

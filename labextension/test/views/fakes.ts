import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { vi } from 'vitest';
import messages from '../../../tests/wire/messages.json';
import type {
  Connection,
  Draft,
  IHost,
  IKernelModel,
  ISidebarModel,
  Job,
  Opened,
  Outcome,
  Place,
} from '../../src/interfaces';
import type {
  Change,
  Check,
  Directory,
  Finding,
  Model,
  Running,
  Welcome,
} from '../../src/messages';

export const trans = nullTranslator.load('sm_magics');
export const HOSTILE = '<img src=x onerror=alert(1)>';

const whole = messages.said.find((one) => one.kind === 'change' && 'models' in one) as Change;
const [wireModel] = whole.models ?? [];
const [wireCheck] = whole.checks ?? [];
const [wireDirectory] = whole.exports ?? [];
if (!wireModel || !wireCheck || !wireDirectory) {
  throw new Error('tests/wire/messages.json has no whole change');
}
export const MODEL: Model = wireModel;
export const CHECK: Check = wireCheck;
export const DIRECTORY: Directory = wireDirectory;
export const FINDING: Finding = CHECK.findings[0] as Finding;

export const WELCOME: Welcome = {
  kind: 'welcome',
  id: '1',
  version: 1,
  package: '0.1.0',
  home: '/home/a',
  defaults: { target: 'any', verify: 'run', strict: false },
  options: [
    option('signatures', 'list', 'a signature'),
    option('overwrite', 'flag', 'replace what stands there'),
    option('experimental_custom_gradients', 'off', 'leave custom gradients out'),
    option('verify', 'choice', 'how to prove it', ['run', 'process']),
    option('consumer', 'text', 'the oldest TensorFlow'),
    option('extra_tags', 'list', 'a tag'),
    option('target', 'choice', 'where it goes', ['cpu', 'gpu']),
  ],
};

function option(name: string, kind: string, help: string, choices: string[] = []) {
  return { name, kind, help, metavar: name.toUpperCase(), choices };
}

/** A kernel that says what a test writes into it. */
export class FakeKernel implements IKernelModel {
  readonly id: string = 'kernel';
  readonly changed = new Signal<this, void>(this);
  readonly isDisposed = false;
  connection: Connection = 'ready';
  trouble = '';
  welcome: Welcome | null = WELCOME;
  models: readonly Model[] = [MODEL];
  moreModels = 0;
  checks: readonly Check[] = [];
  exports: readonly Directory[] = [];
  running: Running | null = null;
  jobs: readonly Job[] = [];
  outcome: Outcome | null = null;
  load = vi.fn(() => Promise.resolve());
  check = vi.fn(() => Promise.resolve());
  exportTo = vi.fn(() => Promise.resolve(true));
  cancel = vi.fn(() => Promise.resolve());
  inspect = vi.fn(() => Promise.resolve(DIRECTORY));
  compare = vi.fn(() =>
    Promise.resolve({ kind: 'compared' as const, id: '1', is_same: true, text: '' }),
  );
  write = vi.fn(() => Promise.resolve('%savedmodel panel model'));
  dispose(): void {}
}

/** A sidebar model that does what it is told, and emits as the real one does. */
export class FakeModel implements ISidebarModel {
  readonly changed = new Signal<this, void>(this);
  readonly isDisposed = false;
  place: Place | null = {
    kind: 'notebook',
    name: 'demo.ipynb',
    kernelName: 'Python 3',
    widgetId: 'panel',
  };
  kernel: FakeKernel | null = new FakeKernel();
  target = '';
  effectiveTarget = 'any';
  draft: Draft = { model: '', directory: '', options: {} };
  opened: readonly Opened[] = [];
  comparison: ISidebarModel['comparison'] = null;
  folded: ReadonlySet<string> = new Set<string>();
  setTarget = vi.fn((target: string) => this.now({ target, effectiveTarget: target || 'any' }));
  setDraft = vi.fn((draft: Partial<Draft>) => this.now({ draft: { ...this.draft, ...draft } }));
  check = vi.fn(() => Promise.resolve());
  exportDraft = vi.fn(() => Promise.resolve());
  open = vi.fn(() => Promise.resolve());
  close = vi.fn();
  compare = vi.fn(() => Promise.resolve());
  endComparison = vi.fn(() => this.now({ comparison: null }));
  setVisible = vi.fn();
  setLiveChecks = vi.fn();
  serialize = vi.fn(() => ({}));
  restore = vi.fn();
  dispose(): void {}

  setFolded(section: string, isFolded: boolean): void {
    const folded = new Set(this.folded);
    folded[isFolded ? 'add' : 'delete'](section);
    this.now({ folded });
  }

  /** Be so from now on, and say it. */
  now(state: Partial<FakeModel>): void {
    Object.assign(this, state);
    this.changed.emit();
  }

  /** The same for its kernel. */
  kernelNow(state: Partial<FakeKernel>): void {
    Object.assign(this.kernel ?? {}, state);
    this.changed.emit();
  }
}

/** A host that only remembers. */
export class FakeHost implements IHost {
  reveal = vi.fn(() => Promise.resolve(true));
  runCell = vi.fn(() => Promise.resolve());
  canBrowse = vi.fn((path: string) => path.startsWith('/home/a'));
  browse = vi.fn(() => Promise.resolve());
  copy = vi.fn(() => Promise.resolve());
}

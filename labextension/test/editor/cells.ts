import { history } from '@codemirror/commands';
import { forEachDiagnostic } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { nullTranslator } from '@jupyterlab/translation';
import messages from '../../../tests/wire/messages.json';
import { EditorFindings } from '../../src/editor';
import { FindingsStore } from '../../src/findings';
import type { Check, Finding, Said } from '../../src/messages';

const [PATTERN] = checksOfTheWire().flatMap((check) => check.findings);

function checksOfTheWire(): readonly Check[] {
  // JSON has no literal types; that both ends agree on these messages is tested in tests/wire.
  const said = messages.said as unknown as readonly Said[];
  return said.flatMap((one) => (one.kind === 'change' ? (one.checks ?? []) : []));
}

/** A finding of the cell `a`, line 2, all of it. */
export function finding(given: Partial<Finding> = {}): Finding {
  if (PATTERN === undefined) {
    throw new Error('there is no finding in tests/wire/messages.json');
  }
  const anywhere = { line: 2, end_line: 2, column: null, end_column: null, source: null };
  return { ...PATTERN, cell_id: 'a', cell: 1, ...anywhere, ...given };
}

/** The text of a cell, a finding in it, and what that marks. */
export const CELL = 'def f(x):\n    with tf.device("/GPU:0"):\n        return x\n';
export const MARK = 'with tf.device("/GPU:0"):';
export const PINNED = finding({ source: `    ${MARK}`, column: 5, end_column: 30 });

export function check(...findings: readonly Finding[]): Check {
  return { subject: 'model', target: 'any', is_stale: false, findings: [...findings] };
}

/** A store, what shows it, and editors that are closed after the test. */
export class Cells {
  readonly store = new FindingsStore();
  readonly findings = new EditorFindings(this.store, nullTranslator.load('sm_magics'));
  readonly #views: EditorView[] = [];

  /** Open an editor, as JupyterLab does when a cell comes into sight. */
  open(text: string, cellId = 'a'): EditorView {
    const extensions = [history(), this.findings.ofCell(cellId)];
    const view = new EditorView({ doc: text, extensions, parent: document.body });
    this.#views.push(view);
    return view;
  }

  close(): void {
    for (const view of this.#views) {
      view.destroy();
    }
  }
}

/** Wait until editors show what there is to show. */
export async function shown(): Promise<void> {
  await Promise.resolve();
}

/** The texts that are marked. */
export function marked(view: EditorView): readonly string[] {
  const found: string[] = [];
  forEachDiagnostic(view.state, (_, from, to) => found.push(view.state.sliceDoc(from, to)));
  return found;
}

/** The offsets that are marked. */
export function offsets(view: EditorView): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  forEachDiagnostic(view.state, (_, from, to) => found.push([from, to]));
  return found;
}

/** The marked texts whose marks are faded. */
export function faded(view: EditorView): readonly string[] {
  return [...view.contentDOM.querySelectorAll('.sm-magics-Mark.sm-magics-mod-faded')].map(
    (element) => element.textContent ?? '',
  );
}

/** What the tooltips of an editor say. */
export function tooltips(view: EditorView): readonly HTMLElement[] {
  const found: HTMLElement[] = [];
  forEachDiagnostic(view.state, ({ renderMessage }) => {
    const node = renderMessage?.(view);
    if (node instanceof HTMLElement) {
      found.push(node);
    }
  });
  return found;
}

/** Insert a text, as typing does. */
export function type(view: EditorView, at: number, text: string): void {
  view.dispatch({ changes: { from: at, insert: text }, userEvent: 'input.type' });
}

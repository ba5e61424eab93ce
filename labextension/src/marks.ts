import { type Diagnostic, forEachDiagnostic, linter } from '@codemirror/lint';
import {
  type EditorState,
  type Extension,
  type Range,
  RangeSet,
  StateEffect,
  StateField,
} from '@codemirror/state';
import {
  type Command,
  EditorView,
  GutterMarker,
  gutter,
  keymap,
  showTooltip,
  type Tooltip,
  tooltips,
} from '@codemirror/view';

/** A finding as it is shown in an editor. */
export interface Mark extends Diagnostic {
  readonly isFaded: boolean;
}

/** A mark, where it stands after what was typed since. */
interface Shown {
  readonly mark: Mark;
  readonly from: number;
  readonly to: number;
}

function shown(state: EditorState): readonly Shown[] {
  const found: Shown[] = [];
  forEachDiagnostic(state, (mark, from, to) => {
    if (isMark(mark)) {
      found.push({ mark, from, to });
    }
  });
  return found.sort((one, other) => one.from - other.from);
}

function isMark(diagnostic: Diagnostic): diagnostic is Mark {
  return 'isFaded' in diagnostic;
}

const GRAVER: readonly string[] = ['info', 'warning', 'error'];

class GutterMark extends GutterMarker {
  constructor(readonly marks: readonly Mark[]) {
    super();
  }

  get title(): string {
    return this.marks.map((mark) => mark.message).join('\n\n');
  }

  get #className(): string {
    const gravest = Math.max(...this.marks.map((mark) => GRAVER.indexOf(mark.severity)));
    const isFaded = this.marks.every((mark) => mark.isFaded);
    return `sm-magics-GutterMark sm-magics-mod-${GRAVER[gravest]}${isFaded ? ' sm-magics-mod-faded' : ''}`;
  }

  override eq(other: GutterMarker): boolean {
    return (
      other instanceof GutterMark &&
      other.title === this.title &&
      other.#className === this.#className
    );
  }

  override toDOM(): HTMLElement {
    const dom = document.createElement('div');
    dom.className = this.#className;
    dom.title = this.title;
    return dom;
  }
}

function gutterMarks(state: EditorState): RangeSet<GutterMark> {
  const lines = new Map<number, Mark[]>();
  for (const { mark, from } of shown(state)) {
    const start = state.doc.lineAt(from).from;
    lines.set(start, [...(lines.get(start) ?? []), mark]);
  }
  const ranges: Range<GutterMark>[] = [...lines].map(([at, marks]) =>
    new GutterMark(marks).range(at),
  );
  return RangeSet.of(ranges, true);
}

const tell = StateEffect.define<Tooltip | null>();

/** The tooltip that the keyboard has opened. */
const told = StateField.define<Tooltip | null>({
  create: () => null,
  update: (before, transaction) => {
    for (const effect of transaction.effects) {
      if (effect.is(tell)) {
        return effect.value;
      }
    }
    return transaction.docChanged || transaction.selection !== undefined ? null : before;
  },
  provide: (field) => showTooltip.from(field),
});

/** Go to the next mark, or the one before, and tell what it says: to the eye and to the ear. */
function go(isForward: boolean): Command {
  return (view) => {
    const all = shown(view.state);
    const { head } = view.state.selection.main;
    const there = isForward
      ? (all.find((one) => one.from > head) ?? all[0])
      : (all.filter((one) => one.from < head).at(-1) ?? all.at(-1));
    if (there === undefined) {
      return false;
    }
    const marks = all.filter((one) => one.from === there.from).map((one) => one.mark);
    const create = () => {
      const dom = document.createElement('div');
      dom.append(...marks.flatMap((mark) => mark.renderMessage?.(view) ?? []));
      return { dom };
    };
    view.dispatch({
      selection: { anchor: there.from },
      scrollIntoView: true,
      effects: [
        tell.of({ pos: there.from, end: there.to, above: true, create }),
        EditorView.announce.of(marks.map((mark) => mark.message).join('\n\n')),
      ],
    });
    return true;
  };
}

/**
 * What an editor has while it shows findings.
 *
 * The gutter and F8 are not those of `@codemirror/lint`: its gutter can't fade a mark, and its F8
 * needs a newer `@codemirror/view` than JupyterLab 4.4 shares.
 */
export const showing: Extension = [
  linter(null),
  gutter({ class: 'sm-magics-Gutter', markers: (view) => gutterMarks(view.state) }),
  told,
  EditorView.focusChangeEffect.of((_, isFocused) => (isFocused ? null : tell.of(null))),
  keymap.of([{ key: 'F8', run: go(true), shift: go(false) }]),
  // Notebook cells contain their paint (`content-visibility`): a tooltip in one would be cut off.
  tooltips({ parent: document.body }),
];

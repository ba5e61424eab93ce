import { type Extension, type Line, RangeSet, type Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  type PluginValue,
  ViewPlugin,
} from '@codemirror/view';
import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';

const MAGIC = Decoration.line({ class: 'sm-magics-MagicLine' });

/** The line of `%%savedmodel`: the first one of a cell that is not blank. */
function magicLine(text: Text): Line | null {
  for (let number = 1; number <= text.lines; number += 1) {
    const line = text.line(number);
    if (line.text.trim() !== '') {
      return /^%%savedmodel(\s|$)/.test(line.text) ? line : null;
    }
  }
  return null;
}

interface Decorated extends PluginValue {
  set: DecorationSet;
}

function decorations(view: EditorView): DecorationSet {
  const line = magicLine(view.state.doc);
  return line === null ? RangeSet.empty : RangeSet.of([MAGIC.range(line.from)]);
}

/**
 * Sets the line of `%%savedmodel` apart from the Python below it.
 *
 * JupyterLab reads a cell as Python whatever its first line is, and completes it so. All that is
 * wrong with that is the first line itself, where a path looks like a division.
 */
export const magic: Extension = ViewPlugin.define<Decorated>(
  (view) => ({
    set: decorations(view),
    update(update) {
      if (update.docChanged) {
        this.set = decorations(update.view);
      }
    },
  }),
  { decorations: (plugin) => plugin.set },
);

/** What `IEditorExtensionRegistry.addExtension` takes. */
export const magicExtension: Readonly<IEditorExtensionFactory> = Object.freeze({
  name: 'sm-magics:magic',
  factory: ({ model }: IEditorExtensionFactory.IOptions) =>
    'getId' in model.sharedModel ? { instance: () => magic, reconfigure: () => null } : null,
});

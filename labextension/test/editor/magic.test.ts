import { python, pythonLanguage } from '@codemirror/lang-python';
import { EditorView } from '@codemirror/view';
import { afterEach, expect, test } from 'vitest';
import { magic, magicExtension } from '../../src/magic';
import { type } from './cells';

const BODY = `import keras
@tf.function
def f(x, y=1):
    '''doc'''
    with tf.device('/GPU:0'):
        return [a for a in x]
class K(Base):
    z: int = 3
model = keras.Sequential([1, 2])  # end
`;

let view: EditorView | null = null;

afterEach(() => {
  view?.destroy();
});

function open(text: string): EditorView {
  view = new EditorView({ doc: text, extensions: [python(), magic], parent: document.body });
  return view;
}

function magicLines(editor: EditorView): readonly (string | null)[] {
  return [...editor.dom.querySelectorAll('.sm-magics-MagicLine')].map((line) => line.textContent);
}

test.each([
  ['%%savedmodel exports/x\nmodel = 1', ['%%savedmodel exports/x']],
  ['\n  \n%%savedmodel\nmodel = 1', ['%%savedmodel']],
  ['%%savedmodels x\nmodel = 1', []],
  ['%savedmodel check x', []],
  ['x = 1\n%%savedmodel x', []],
  ['', []],
])('the line of the magic in %j', (text, lines) => {
  expect(magicLines(open(text))).toEqual(lines);
});

test('the line is known as it is typed', () => {
  const editor = open('%%savedmode\nmodel = 1');
  expect(magicLines(editor)).toEqual([]);
  type(editor, 11, 'l');
  expect(magicLines(editor)).toEqual(['%%savedmodel']);
  type(editor, 0, '#');
  expect(magicLines(editor)).toEqual([]);
});

test('only cells are looked at', () => {
  const { factory } = magicExtension;

  expect(factory({ inline: false, model: { sharedModel: {} } } as never)).toBeNull();
  expect(
    factory({ inline: true, model: { sharedModel: { getId: () => 'a' } } } as never),
  ).toBeTruthy();
});

// JupyterLab's language of notebook cells is this parser: `%%savedmodel` is a mistake to it, and
// what matters is that it comes to terms at the end of that line. It does, but for a bracket or a
// `"""` that is still open there, as in a name that is half typed.
test.each([
  'exports/x',
  'exports/x model --overwrite --strict --target cpu',
  "exports/x zoo['a'] --signatures serve=model.serve",
  "exports/x --signature 'serve: x: float32[None, 3]'",
  '"my dir/x" model',
  "exports/it's",
  'exports/{name} model',
  'exports/class/for/x',
  'exports/import x if',
  'exports/x:',
  'C:\\exports\\',
  '~/x --a=',
])('all is Python below the magic with %j', (rest) => {
  const line = `%%savedmodel ${rest}\n`;

  expect(nodes(line + BODY, line.length)).toEqual(nodes(BODY, 0));
});

/** The syntax tree from an offset on. */
function nodes(text: string, start: number): readonly string[] {
  const found: string[] = [];
  pythonLanguage.parser.parse(text).iterate({
    enter: ({ name, from, to }) => {
      if (from >= start && name !== 'Script' && from < to) {
        found.push(`${name} ${from - start} ${to - start}`);
      }
    },
  });
  return found;
}

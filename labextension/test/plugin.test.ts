import { Token } from '@lumino/coreutils';
import { expect, test, vi } from 'vitest';

import manifest from '../package.json';
import schema from '../schema/plugin.json';
import plugins from '../src/index';

function tokens(...names: string[]): Record<string, Token<unknown>> {
  return Object.fromEntries(names.map((name) => [name, new Token<unknown>(name)]));
}

// JupyterLab’s packages take long to load here, and only their tokens are wanted.
vi.mock('@jupyterlab/application', () => tokens('ILayoutRestorer'));
vi.mock('@jupyterlab/apputils', () => ({ ...tokens('ICommandPalette'), Clipboard: {} }));
vi.mock('@jupyterlab/codemirror', () => tokens('IEditorExtensionRegistry'));
vi.mock('@jupyterlab/console', () => tokens('IConsoleTracker'));
vi.mock('@jupyterlab/filebrowser', () => tokens('IDefaultFileBrowser'));
vi.mock('@jupyterlab/notebook', () => ({ ...tokens('INotebookTracker'), NotebookActions: {} }));
vi.mock('@jupyterlab/ui-components', () => ({ LabIcon: class {}, ReactWidget: class {} }));

test('the plugins are of this extension, and one is filed under its settings', () => {
  const ids = plugins.map((plugin) => plugin.id);

  expect(ids.every((id) => id.startsWith(`${manifest.name}:`))).toBe(true);
  expect(ids).toContain('sm-magics:plugin');
  expect(schema.title).toBe('SavedModel');
});

test('only the notebooks are needed: Notebook has no ILabShell', () => {
  const needed = plugins.flatMap((plugin) => plugin.requires ?? []).map((token) => token.name);

  expect(new Set(needed)).toEqual(
    new Set(['INotebookTracker', 'IEditorExtensionRegistry', 'sm-magics:ISavedModelSidebar']),
  );
});

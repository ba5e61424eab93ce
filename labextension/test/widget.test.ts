import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { act } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { SidebarWidget } from '../src/widget';
import { FakeHost, FakeModel, trans } from './views/fakes';

vi.mock('@jupyterlab/ui-components', async () => ({
  LabIcon: class {},
  ReactWidget: (await import('./views/react-widget')).ReactWidget,
}));

let model: FakeModel;
let around: Panel;
let sidebar: SidebarWidget;

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  model = new FakeModel();
  around = new Panel();
  sidebar = new SidebarWidget(model, new FakeHost(), trans);
  around.hide();
  around.addWidget(sidebar);
  Widget.attach(around, document.body);
});

afterEach(() => {
  act(() => around.dispose());
  vi.unstubAllGlobals();
});

function flush(): void {
  act(() => MessageLoop.flush());
}

test('while it is hidden it renders nothing, and its model knows', () => {
  flush();

  expect(model.setVisible).toHaveBeenLastCalledWith(false);
  expect(sidebar.node.textContent).toBe('');

  around.show();
  flush();

  expect(model.setVisible).toHaveBeenLastCalledWith(true);
  expect(sidebar.node.textContent).toContain('demo.ipynb');

  around.hide();
  model.kernelNow({ models: [] });
  flush();

  expect(model.setVisible).toHaveBeenLastCalledWith(false);
  expect(sidebar.node.textContent).not.toContain('None yet');

  around.show();
  flush();

  expect(sidebar.node.textContent).toContain('None yet');
});

test('an export begins in the directory, also where the section was folded', () => {
  model.setFolded('export', true);
  around.show();
  flush();
  sidebar.startExport('model');
  flush();

  expect(model.draft.model).toBe('model');
  expect(document.activeElement?.closest('label')?.textContent).toContain('directory');
});

test('who asks for the sidebar by a key has the focus in it, where it was if it was there', () => {
  sidebar.enter();
  around.show();
  flush();

  const first = sidebar.node.querySelector('button');
  expect(document.activeElement).toBe(first);

  const field = sidebar.node.querySelector('input');
  field?.focus();
  sidebar.enter();
  flush();

  expect(field).not.toBeNull();
  expect(document.activeElement).toBe(field);
});

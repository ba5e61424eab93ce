import { fireEvent, screen } from '@testing-library/react';
import axe from 'axe-core';
import { expect, test, vi } from 'vitest';

import type { Connection } from '../../src/interfaces';
import { CHECK, DIRECTORY, FakeKernel, FakeModel, FINDING, HOSTILE, MODEL } from './fakes';
import { show } from './show';

function full(model = new FakeModel()): FakeModel {
  model.draft = { model: 'model', directory: '', options: {} };
  model.opened = [
    { path: 'a', directory: { ...DIRECTORY, path: '/srv/a', subject: '' }, trouble: '' },
    { path: 'b', directory: null, trouble: 'there is no directory b' },
  ];
  model.comparison = { first: '/srv/a', second: '/srv/b', text: 'variables: 1 more', trouble: '' };
  Object.assign(model.kernel ?? {}, {
    checks: [CHECK, { ...CHECK, subject: 'clean', findings: [] }],
    exports: [DIRECTORY],
    running: {
      subject: 'model',
      phase: 'save',
      phases: ['check', 'save', 'verify'],
      seconds: 61,
      bytes: 1500,
    },
    jobs: [{ id: '1', what: 'export', subject: 'other', state: 'queued' }],
    outcome: {
      what: 'export',
      subject: 'model',
      text: 'no space',
      wentWrong: true,
      details: 'trace',
    },
  });
  return model;
}

test.each<[Connection, string]>([
  ['absent', 'no kernel'],
  ['foreign', 'not a Python kernel'],
  ['not-loaded', 'not loaded'],
  ['connecting', 'connecting…'],
  ['outdated', 'another version'],
  ['dead', 'no answer'],
])('a kernel that is %s is told of, without sections', (connection, words) => {
  const { model } = show();
  model.kernelNow({ connection });

  expect(screen.getByText('demo.ipynb')).toBeTruthy();
  expect(screen.getByText('Python 3', { exact: false })).toBeTruthy();
  expect(screen.getByText(words)).toBeTruthy();
  expect(screen.queryByRole('region', { name: /Models/ })).toBeNull();
});

test('the button loads the extension, and the focus stays in the sidebar when it goes', () => {
  const { model, kernel, container } = show();
  model.kernelNow({ connection: 'not-loaded', trouble: 'No module named sm_magics' });
  const button = screen.getByRole('button', { name: 'Load' });
  button.focus();
  fireEvent.click(button);

  expect(kernel.load).toHaveBeenCalledOnce();
  expect(screen.getByText('No module named sm_magics')).toBeTruthy();

  model.kernelNow({ connection: 'connecting', trouble: '' });

  expect(button.isConnected).toBe(false);
  expect(container.querySelector('.sm-magics-Header')).toBe(document.activeElement);
});

test('without a notebook it says what to do', () => {
  const { model } = show();
  model.now({ place: null, kernel: null });

  expect(screen.getByText(/Open a notebook or a console/)).toBeTruthy();
});

test('a section folds, and only then is not there', () => {
  const { model } = show();
  const heading = screen.getByRole('button', { name: /^Models/ });
  heading.focus();
  fireEvent.click(heading);

  expect(model.folded).toEqual(new Set(['models']));
  expect(heading.getAttribute('aria-expanded')).toBe('false');
  expect(screen.queryByText('Panel', { selector: 'li *' })).toBeNull();
  expect(document.activeElement).toBe(heading);
});

test('an outcome is read aloud, what the view says comes after it, and details fold', () => {
  const { model } = show();
  const status = screen.getByRole('status');
  model.kernelNow({
    outcome: { what: 'export', subject: 'm', text: 'no space', wentWrong: true, details: 'Trace' },
  });

  expect(status.textContent).toBe('Export of m failed: no space');
  expect(screen.getByText('Trace').closest('details')?.open).toBe(false);

  fireEvent.click(screen.getByRole('button', { name: 'Export the chosen model' }));

  expect(screen.getByRole('status')).toBe(status);
  expect(status.textContent).toBe('Choose the model to export.');

  model.kernelNow({
    outcome: { what: 'check', subject: 'm', text: '1 error', wentWrong: false, details: '' },
  });

  expect(status.textContent).toBe('m: 1 error');
});

test('the keyboard reaches a message that is longer than its place, and only such a one', () => {
  const { model } = show();
  const status = screen.getByRole('region', { name: 'Outcome' });

  expect(status.tabIndex).toBe(-1);

  const height = vi.spyOn(Element.prototype, 'scrollHeight', 'get').mockReturnValue(500);
  model.kernelNow({
    outcome: { what: 'check', subject: 'm', text: 'long', wentWrong: true, details: 'Trace' },
  });
  height.mockRestore();

  expect(status.tabIndex).toBe(0);
});

test('the focus survives a change of everything', () => {
  const { model } = show(full());
  const input = screen.getByRole('textbox', { name: 'directory' });
  input.focus();
  model.kernelNow({ connection: 'busy', models: [MODEL, { ...MODEL, name: 'other' }], checks: [] });

  expect(document.activeElement).toBe(input);
});

test('names, paths, ops and messages are text', () => {
  const model = full();
  model.place = { kind: 'notebook', name: HOSTILE, kernelName: HOSTILE, widgetId: 'x' };
  model.draft = { model: HOSTILE, directory: HOSTILE, options: {} };
  model.comparison = { first: HOSTILE, second: HOSTILE, text: HOSTILE, trouble: HOSTILE };
  model.opened = [{ path: HOSTILE, directory: null, trouble: HOSTILE }];
  const kernel = model.kernel ?? new FakeKernel();
  Object.assign(kernel, {
    trouble: HOSTILE,
    models: [{ ...MODEL, name: HOSTILE, names: [HOSTILE, HOSTILE + 2], kind: HOSTILE }],
    checks: [
      {
        ...CHECK,
        subject: HOSTILE,
        findings: [{ ...FINDING, message: HOSTILE, hint: HOSTILE, title: HOSTILE, code: HOSTILE }],
      },
    ],
    exports: [
      {
        ...DIRECTORY,
        path: `/x/${HOSTILE}`,
        files: [{ path: `${HOSTILE}/${HOSTILE}`, bytes: 1, role: HOSTILE }],
        tags: [HOSTILE],
        versions: { [HOSTILE]: HOSTILE },
      },
    ],
    outcome: { what: 'export', subject: HOSTILE, text: HOSTILE, wentWrong: true, details: HOSTILE },
  });
  const { container } = show(model);
  for (const code of screen.getAllByRole('button', { name: `${HOSTILE} help` })) {
    fireEvent.click(code);
  }

  expect(container.querySelector('img, script')).toBeNull();
  expect(container.textContent?.split(HOSTILE).length).toBeGreaterThan(20);
});

test('axe finds nothing serious', async () => {
  const { container } = show(full());
  for (const fold of container.querySelectorAll('details')) {
    fold.open = true;
  }
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } },
  });

  expect(
    violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join()}`),
  ).toEqual([]);
});

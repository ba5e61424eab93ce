import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

import { CHECK, MODEL } from './fakes';
import { show } from './show';

function models() {
  return within(screen.getByRole('region', { name: /^Models/ }));
}

test('a model is told of by name, kind, size and place', () => {
  const { model } = show();
  model.kernelNow({ checks: [{ ...CHECK, is_stale: true }], moreModels: 3 });

  expect(models().getByText(/functional, Keras 3 · 1.3 kB · cell \[2\], line 7/)).toBeTruthy();
  expect(models().getByText("zoo['<b>']")).toBeTruthy();
  expect(
    models().getByText('1 error, 1 warning, from before the cell changed or ran again'),
  ).toBeTruthy();
  expect(models().getByText('… and 3 more')).toBeTruthy();
});

test('its name goes to the cell, and a cell that is gone is told', async () => {
  const { host } = show();
  host.reveal.mockResolvedValueOnce(false);
  fireEvent.click(models().getByRole('button', { name: 'model' }));

  expect(host.reveal).toHaveBeenCalledWith(MODEL);
  expect(await screen.findByText(/has that cell any more/)).toBeTruthy();
});

test('its buttons check, export and open the panel', () => {
  const { model, host } = show();
  model.setFolded('export', true);
  fireEvent.click(models().getByRole('button', { name: 'Check model' }));
  fireEvent.click(models().getByRole('button', { name: 'Panel model' }));

  expect(model.check).toHaveBeenCalledWith('model');
  expect(host.runCell).toHaveBeenCalledWith(MODEL.panel);

  fireEvent.click(models().getByRole('button', { name: 'Export model' }));

  expect(model.draft.model).toBe('model');
  expect(model.folded.has('export')).toBe(false);
  expect(document.activeElement).toBe(screen.getByRole('textbox', { name: 'directory' }));
});

test('no model is a sentence', () => {
  const { model } = show();
  model.kernelNow({ models: [] });

  expect(models().getByText(/None yet/)).toBeTruthy();
});

test('a model that is not built has no size', () => {
  const { model } = show();
  model.kernelNow({ models: [{ ...MODEL, bytes: 0, built: false }] });

  expect(models().getByText(/Keras 3 · not built yet · cell/)).toBeTruthy();

  model.kernelNow({ models: [{ ...MODEL, bytes: 0, built: null }] });

  expect(models().getByText(/0 bytes/)).toBeTruthy();
});

test('a check that failed is told at its model, by whichever name, not what an older one found', () => {
  const { model } = show();
  const outcome = { what: 'check', subject: "zoo['<b>']", text: 'no', details: '' } as const;
  model.kernelNow({
    models: [MODEL, { ...MODEL, name: 'other', names: ['other'] }],
    checks: [CHECK],
    outcome: { ...outcome, wentWrong: true },
  });

  expect(models().getAllByText('the last check failed')).toHaveLength(1);
  expect(models().queryByText('1 error, 1 warning')).toBeNull();

  model.kernelNow({ outcome: { ...outcome, wentWrong: false } });

  expect(models().queryByText('the last check failed')).toBeNull();
  expect(models().getByText('1 error, 1 warning')).toBeTruthy();
});

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
  expect(models().getByText('1 error, 1 warning, from before the cell changed')).toBeTruthy();
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
  fireEvent.click(models().getByRole('button', { name: 'Open panel model' }));

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

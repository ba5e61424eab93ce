import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

import { CHECK, FINDING } from './fakes';
import { show } from './show';

function findings() {
  return within(screen.getByRole('region', { name: /^Findings/ }));
}

test('findings stand by severity, each with its words and its place', () => {
  const { model, host } = show();
  model.kernelNow({ checks: [CHECK] });

  expect(
    findings()
      .getAllByRole('heading', { level: 4 })
      .map((one) => one.textContent),
  ).toEqual(['1 error', '1 warning']);
  expect(findings().getByText(FINDING.message)).toBeTruthy();
  expect(findings().getAllByText(FINDING.hint)).toHaveLength(2);
  expect(findings().getByText('error')).toBeTruthy();
  expect(findings().getByText('for any target · 2 times')).toBeTruthy();
  expect(findings().getByText('/lib/layers.py').closest('button')).toBeNull();

  fireEvent.click(findings().getByRole('button', { name: 'cell [2], line 11, in scale' }));
  fireEvent.click(findings().getByRole('button', { name: 'made: cell [1], line 3' }));

  expect(host.reveal).toHaveBeenNthCalledWith(1, FINDING);
  expect(host.reveal).toHaveBeenNthCalledWith(2, FINDING.related[0]);
});

test('a code opens its help', () => {
  const { model } = show();
  model.kernelNow({ checks: [CHECK] });
  const code = findings().getByRole('button', { name: 'SM301 help' });

  expect(code.title).toBe('What comes of it');
  expect(findings().queryByText(FINDING.consequence)).toBeNull();

  fireEvent.click(code);

  expect(code.getAttribute('aria-expanded')).toBe('true');
  expect(findings().getByText(FINDING.title)).toBeTruthy();
  expect(findings().getByText(FINDING.consequence)).toBeTruthy();
});

test('what is from before the cell changed or ran again says so', () => {
  const { model } = show();
  model.kernelNow({ checks: [{ ...CHECK, is_stale: true }] });

  expect(findings().getAllByText('from before the cell changed or ran again')).toHaveLength(2);
});

test('nothing found and nothing checked are told', () => {
  const { model } = show();

  expect(findings().getByText(/Nothing has been checked yet/)).toBeTruthy();

  model.kernelNow({
    jobs: [{ id: '1', what: 'check', subject: 'model', state: 'queued' }],
  });

  expect(findings().queryByText(/Nothing has been checked yet/)).toBeNull();

  model.kernelNow({ checks: [{ ...CHECK, findings: [] }], jobs: [] });

  expect(findings().getByRole('listitem').textContent).toBe('model: no findings for any target');
});

test('the target is shown and set', () => {
  const { model } = show();
  const target = findings().getByRole('combobox', { name: 'target' });
  fireEvent.change(target, { target: { value: 'tpu' } });

  expect(model.setTarget).toHaveBeenCalledWith('tpu');
  expect(target).toHaveProperty('value', 'tpu');
});

test('a check that failed is told, and is not nothing', () => {
  const { model } = show();
  model.kernelNow({
    outcome: { what: 'check', subject: 'model', text: 'no', wentWrong: true, details: '' },
  });

  expect(findings().getByText('The last check of model failed.')).toBeTruthy();
  expect(findings().queryByText(/Nothing has been checked yet/)).toBeNull();

  model.kernelNow({
    outcome: { what: 'export', subject: 'model', text: 'no', wentWrong: true, details: '' },
  });

  expect(findings().getByText(/Nothing has been checked yet/)).toBeTruthy();
});

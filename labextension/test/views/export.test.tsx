import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

import { withOption } from '../../src/panels/export';
import { FakeModel, MODEL, WELCOME } from './fakes';
import { show } from './show';

function section() {
  return within(screen.getByRole('region', { name: 'Export' }));
}

function drafted(): FakeModel {
  const model = new FakeModel();
  model.draft = { model: 'model', directory: 'out', options: {} };
  return model;
}

function type(control: HTMLElement, value: string): void {
  fireEvent.change(control, { target: { value } });
}

test('an export without a directory says what to type', () => {
  const { model } = show();
  type(section().getByRole('combobox', { name: 'model' }), 'model');
  fireEvent.click(section().getByRole('button', { name: 'Export model' }));

  expect(screen.getByRole('status').textContent).toMatch(/Type the directory/);
  expect(model.exportDraft).not.toHaveBeenCalled();

  type(section().getByRole('textbox', { name: 'directory' }), 'exports/m');
  fireEvent.keyDown(section().getByRole('textbox', { name: 'directory' }), { key: 'Enter' });

  expect(model.draft).toEqual({ model: 'model', directory: 'exports/m', options: {} });
  expect(model.exportDraft).toHaveBeenCalledOnce();
});

test('signatures are as many lines as one fills in', () => {
  const { model } = show(drafted());
  type(section().getByRole('combobox', { name: 'signature 1' }), 'serve');
  type(section().getByRole('combobox', { name: 'signature 2' }), 'b=embed');

  expect(model.draft.options).toEqual({ signatures: ['serve', 'b=embed'] });

  const first = section().getByRole('combobox', { name: 'signature 1' });
  first.focus();
  type(first, '');

  expect(model.draft.options).toEqual({ signatures: ['b=embed'] });
  expect(section().getByRole('combobox', { name: 'signature 2' })).toHaveProperty(
    'value',
    'b=embed',
  );
  expect(document.activeElement).toBe(first);
});

test('each option has the control of its kind, and what says nothing is left out', () => {
  const { model, container } = show(drafted());
  const fold = container.querySelector('details.sm-magics-Options');
  fold?.setAttribute('open', '');
  const overwrite = section().getByRole('checkbox', { name: 'overwrite' });
  fireEvent.click(overwrite);
  fireEvent.click(section().getByRole('checkbox', { name: 'no custom gradients' }));
  type(section().getByRole('combobox', { name: 'verify' }), 'process');
  type(section().getByRole('textbox', { name: 'consumer' }), '2.12');
  type(section().getByRole('textbox', { name: 'extra tags 1' }), 'gpu');

  expect(model.draft.options).toEqual({
    overwrite: true,
    experimental_custom_gradients: true,
    verify: 'process',
    consumer: '2.12',
    extra_tags: ['gpu'],
  });
  expect(section().getByText('as the notebook says (run)')).toBeTruthy();
  expect(overwrite.getAttribute('aria-describedby')).toBe(
    section().getByText('replace what stands there').id,
  );

  fireEvent.click(overwrite);
  type(section().getByRole('combobox', { name: 'verify' }), '');

  expect(Object.keys(model.draft.options)).not.toContain('overwrite');
  expect(Object.keys(model.draft.options)).not.toContain('verify');
});

test('what the notebook turns on stays on', () => {
  const model = drafted();
  Object.assign(model.kernel ?? {}, {
    welcome: { ...WELCOME, defaults: { ...WELCOME.defaults, overwrite: true } },
  });
  show(model);
  const overwrite = screen.getByRole('checkbox', { name: 'overwrite', hidden: true });
  fireEvent.click(overwrite);

  expect(overwrite).toHaveProperty('checked', true);
  expect(model.setDraft).not.toHaveBeenCalled();
});

test('a model that is gone stays chosen, and is called so', () => {
  const { model } = show(drafted());
  model.kernelNow({ models: [] });

  expect(section().getByText('model (not in the notebook now)')).toBeTruthy();
});

test('the panel opens with what is filled in', async () => {
  const { model, kernel, host } = show(drafted());
  model.now({ target: 'cpu' });
  fireEvent.click(section().getByRole('button', { name: 'Open panel' }));

  await expect.poll(() => host.runCell.mock.calls).toEqual([['%savedmodel panel model']]);
  expect(kernel.write).toHaveBeenCalledWith('panel', 'model', 'out', { target: 'cpu' });

  kernel.write.mockRejectedValueOnce(new Error('there is no model'));
  fireEvent.click(section().getByRole('button', { name: 'Open panel' }));

  expect(await screen.findByText('there is no model')).toBeTruthy();
});

test('an export shows its phases, its time and its bytes, and can be cancelled', () => {
  const { model, kernel, container } = show(drafted());
  model.setFolded('export', true);
  model.kernelNow({
    jobs: [{ id: '1', what: 'export', subject: 'model', state: 'queued' }],
  });

  expect(screen.getByText('Waiting for the cell that runs', { exact: false })).toBeTruthy();

  model.kernelNow({
    jobs: [{ id: '1', what: 'export', subject: 'model', state: 'running' }],
    running: {
      subject: 'model',
      phase: 'save',
      phases: ['check', 'save', 'read_back'],
      seconds: 75.6,
      bytes: 1_500_000,
    },
  });
  const phases = screen.getByRole('list', { name: 'Phases' });

  expect(screen.getByText('1 min 15 s · 1.5 MB')).toBeTruthy();
  expect(phases.textContent).toBe('✓ check (done)▸ save (now)· read back (to come)');

  const cancel = screen.getByRole('button', { name: 'Cancel' });
  cancel.focus();
  fireEvent.click(cancel);

  expect(kernel.cancel).toHaveBeenCalledOnce();

  model.kernelNow({ jobs: [], running: null });

  expect(document.activeElement).toBe(container.querySelector('.sm-magics-Now'));
});

test('a check that runs or waits is told of above the sections, and can be cancelled', () => {
  const { model, kernel } = show();
  const check = { what: 'check', subject: 'model' } as const;
  model.kernelNow({ jobs: [{ ...check, id: '1', state: 'queued' }] });

  expect(screen.getByText(/Waiting for the cell that runs/)).toBeTruthy();

  model.kernelNow({ jobs: [{ ...check, id: '1', state: 'running' }] });

  expect(screen.getByText('checking…', { exact: false })).toBeTruthy();
  expect(screen.queryByText(/Waiting/)).toBeNull();

  const cancel = screen.getByRole('button', { name: 'Cancel' });
  fireEvent.click(cancel);

  expect(cancel.closest('.sm-magics-Sections')).toBeNull();
  expect(kernel.cancel).toHaveBeenCalledOnce();
});

test('what waits for a job of ours does not wait for a cell, and only the first are named', () => {
  const { model } = show();
  const queued = ['a', 'b', 'c', 'd'].map((subject) => ({
    id: subject,
    what: 'export' as const,
    subject,
    state: 'queued' as const,
  }));
  model.kernelNow({
    jobs: [{ id: '1', what: 'check', subject: 'model', state: 'running' }, ...queued],
  });

  expect(screen.getAllByText('Waiting for its turn', { exact: false })).toHaveLength(1);
  expect(screen.queryByText(/the cell that runs/)).toBeNull();
  expect(screen.getByText('… and 3 more')).toBeTruthy();

  const running = { subject: 'x', phase: 'save', phases: ['save'], seconds: 1, bytes: 1 };
  model.kernelNow({ jobs: queued.slice(0, 1), running });

  expect(screen.getByText('Waiting for its turn', { exact: false })).toBeTruthy();
});

test('an option that says nothing is no option', () => {
  expect(withOption({ a: true, b: 'x' }, 'a', false)).toEqual({ b: 'x' });
  expect(withOption({ b: 'x' }, 'b', '')).toEqual({});
  expect(withOption({ c: ['x'] }, 'c', [])).toEqual({});
  expect(withOption({}, 'd', true)).toEqual({ d: true });
});

test("a Keras model's forward pass is suggested, by whichever name the model goes", () => {
  const model = drafted();
  model.draft = { ...model.draft, model: "zoo['<b>']" };
  show(model);
  const suggested = () => {
    const input = section().getByRole<HTMLInputElement>('combobox', { name: 'signature 1' });
    return [...(input.list?.options ?? [])].map((one) => one.value);
  };

  expect(suggested()).toEqual(['serve', 'encoder.embed', 'call']);

  model.kernelNow({ models: [{ ...MODEL, framework: 'TensorFlow' }] });

  expect(suggested()).toEqual(['serve', 'encoder.embed']);
});

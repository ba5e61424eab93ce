import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

import { DIRECTORY } from './fakes';
import { show } from './show';

const OTHER = { ...DIRECTORY, path: '/srv/other', subject: '' };

function section() {
  return within(screen.getByRole('region', { name: /^Exports/ }));
}

test('an export is told of with its files, signatures and versions', () => {
  const { model } = show();
  model.kernelNow({ exports: [DIRECTORY] });

  expect(section().getByText('/home/a/exports/model', { selector: 'p *' })).toBeTruthy();
  expect(section().getByText(/5.1 kB · export of model · tags serve/)).toBeTruthy();
  expect(section().getByText('1 signature')).toBeTruthy();
  expect(section().getByText('x: float32[None, 3]')).toBeTruthy();
  expect(section().getByText('2.21.0')).toBeTruthy();
  expect(section().getByText('2 files')).toBeTruthy();
  expect(section().getByText('variables/').closest('summary')?.textContent).toBe(
    'variables/ 1.0 kB',
  );
  expect(section().getByText('assets/').parentElement?.textContent).toBe('assets/ empty');
});

test('its buttons browse and copy', async () => {
  const { model, host } = show();
  model.kernelNow({ exports: [DIRECTORY] });
  fireEvent.click(section().getByRole('button', { name: /Open in file browser/ }));
  fireEvent.click(section().getByRole('button', { name: /Copy path/ }));
  fireEvent.click(section().getByRole('button', { name: /Copy load snippet/ }));

  expect(host.browse).toHaveBeenCalledWith(DIRECTORY.path);
  expect(host.copy.mock.calls).toEqual([[DIRECTORY.path], [DIRECTORY.snippet]]);
  expect(await screen.findByText('The code that loads it is on the clipboard.')).toBeTruthy();
});

test('a directory outside of the server has no button for the file browser', () => {
  const { model } = show();
  model.kernelNow({ exports: [OTHER] });

  expect(section().queryByRole('button', { name: /Open in file browser/ })).toBeNull();
});

test('one opens a directory, sees why it can not be read, and closes it', () => {
  const { model } = show();
  const input = section().getByRole('textbox', { name: 'open a directory' });
  fireEvent.click(section().getByRole('button', { name: 'Open' }));

  expect(screen.getByRole('status').textContent).toMatch(/Type the directory to open/);

  fireEvent.change(input, { target: { value: ' exports/b ' } });
  fireEvent.keyDown(input, { key: 'Enter' });

  expect(model.open).toHaveBeenCalledWith('exports/b');

  model.now({ opened: [{ path: 'exports/b', directory: null, trouble: 'it is not there' }] });

  expect(section().getByText('it is not there')).toBeTruthy();

  fireEvent.click(section().getByRole('button', { name: 'Read again exports/b' }));
  const close = section().getByRole('button', { name: 'Close exports/b' });
  close.focus();
  fireEvent.click(close);

  expect(model.open).toHaveBeenCalledTimes(2);
  expect(model.close).toHaveBeenCalledWith('exports/b');

  model.now({ opened: [] });

  expect(document.activeElement).toBe(screen.getByRole('region', { name: /^Exports/ }));
});

test('what one opens that is an export already stands there once', () => {
  const { model } = show();
  model.now({ opened: [{ path: 'exports/model', directory: DIRECTORY, trouble: '' }] });
  model.kernelNow({ exports: [DIRECTORY] });

  expect(section().getAllByText('/home/a/exports/model', { selector: 'p *' })).toHaveLength(1);
});

test('two directories are compared', () => {
  const { model } = show();
  model.kernelNow({ exports: [DIRECTORY, OTHER, { ...OTHER, path: '/srv/third' }] });
  fireEvent.change(section().getByRole('combobox', { name: 'to' }), {
    target: { value: '/srv/third' },
  });
  fireEvent.click(section().getByRole('button', { name: 'Compare' }));

  expect(model.compare).toHaveBeenCalledWith(OTHER.path, '/srv/third');

  model.now({ comparison: { first: 'a', second: 'b', text: 'one more op', trouble: '' } });

  const card = section().getByRole('heading', { name: 'Comparison' }).parentElement;

  expect(section().getByText('one more op')).toBeTruthy();
  expect([...(card?.querySelectorAll('p') ?? [])].map((one) => one.textContent)).toEqual([
    'from a',
    'to b',
  ]);

  fireEvent.click(section().getByRole('button', { name: 'Close the comparison' }));

  expect(model.endComparison).toHaveBeenCalledOnce();
  expect(section().queryByText('one more op')).toBeNull();
});

test('nothing is compared with itself', () => {
  const { model } = show();
  model.kernelNow({ exports: [DIRECTORY, OTHER] });
  fireEvent.change(section().getByRole('combobox', { name: 'to' }), {
    target: { value: OTHER.path },
  });
  const compare = section().getByRole('button', { name: 'Compare' });
  compare.focus();
  fireEvent.click(compare);

  expect(compare.getAttribute('aria-disabled')).toBe('true');
  expect(model.compare).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(compare);
});

test('the older is compared with the newer, unless one says otherwise', () => {
  const { model } = show();
  model.now({ opened: [{ path: 'x', directory: { ...OTHER, path: '/srv/x' }, trouble: '' }] });
  model.kernelNow({ exports: [{ ...OTHER, path: '/srv/new' }, OTHER] });
  const chosen = () =>
    ['from', 'to'].map(
      (name) => section().getByRole<HTMLSelectElement>('combobox', { name }).value,
    );

  expect(chosen()).toEqual(['/srv/other', '/srv/new']);

  model.kernelNow({ exports: [OTHER] });

  expect(chosen()).toEqual(['/srv/x', '/srv/other']);
});

test('a comparison that arrives is brought into view, one that is there is left alone', () => {
  const scroll = vi.spyOn(Element.prototype, 'scrollIntoView');
  const { model } = show();
  const comparison = { first: 'a', second: 'b', text: 'one more op', trouble: '' };
  model.now({ comparison });

  expect(scroll).toHaveBeenCalledOnce();

  model.setFolded('exports', true);
  model.setFolded('exports', false);

  expect(scroll).toHaveBeenCalledOnce();

  scroll.mockRestore();
});

test('what could not be read is not counted', () => {
  const { model } = show();
  model.kernelNow({ exports: [DIRECTORY] });
  model.now({ opened: [{ path: 'b', directory: null, trouble: 'it is not there' }] });

  expect(section().getByRole('button', { name: 'Exports 1' })).toBeTruthy();
});

import type { Contents } from '@jupyterlab/services';
import { expect, test, vi } from 'vitest';

import { Folders } from '../src/folders';

function contentsOf(...names: string[]) {
  const content = names.map((name) => ({ name }));
  return {
    get: vi.fn((_path: string, _options?: Contents.IFetchOptions) =>
      Promise.resolve({ content } as Contents.IModel),
    ),
  };
}

test('the answer is there when the menu asks again, and the server is asked once', async () => {
  const contents = contentsOf('assets', 'saved_model.pb');
  const folders = new Folders(contents);
  const told = vi.fn();
  folders.changed.connect(told);

  expect(folders.holds('exports/m')).toBe(false);
  expect(folders.holds('exports/m')).toBe(false);

  await expect.poll(() => told.mock.calls.length).toBe(1);

  expect(folders.holds('exports/m')).toBe(true);
  // Without `content` JupyterLab asks for none.
  expect(contents.get.mock.calls).toEqual([['exports/m', { type: 'directory', content: true }]]);
});

test('the next menu asks again, and shows meanwhile what was known', async () => {
  const contents = contentsOf('saved_model.pb');
  const folders = new Folders(contents);
  folders.holds('m');
  await expect.poll(() => folders.holds('m')).toBe(true);
  contents.get.mockRejectedValueOnce(new Error('gone'));
  folders.forgetAsked();

  expect(folders.holds('m')).toBe(true);
  await expect.poll(() => folders.holds('m')).toBe(false);
  expect(contents.get).toHaveBeenCalledTimes(2);
});

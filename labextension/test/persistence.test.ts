import { StateDB } from '@jupyterlab/statedb';
import { expect, test, vi } from 'vitest';

import { keepState } from '../src/persistence';
import { FakeModel } from './views/fakes';

test('what was kept comes back, and a change is kept once', async () => {
  const state = new StateDB();
  await state.save('sm-magics:sidebar', { folded: ['models'] });
  const save = vi.spyOn(state, 'save');
  const model = new FakeModel();
  model.serialize.mockReturnValue({ folded: ['models'] });
  await keepState(model, state, Promise.resolve());

  expect(model.restore).toHaveBeenCalledWith({ folded: ['models'] });

  model.now({});

  expect(save).not.toHaveBeenCalled();

  model.serialize.mockReturnValue({ folded: [] });
  model.now({});
  model.now({});

  expect(save).toHaveBeenCalledTimes(1);
  expect(await state.fetch('sm-magics:sidebar')).toEqual({ folded: [] });
});

test('nothing kept is nothing to restore', async () => {
  const model = new FakeModel();
  await keepState(model, new StateDB(), Promise.resolve());
  await keepState(model, null, Promise.resolve());

  expect(model.restore).not.toHaveBeenCalled();
});

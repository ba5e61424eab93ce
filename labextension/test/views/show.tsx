import { act, render } from '@testing-library/react';
import * as React from 'react';

import { Sidebar } from '../../src/sidebar';
import { FakeHost, FakeKernel, FakeModel, trans } from './fakes';

/** The sidebar as a person has it before them, with a model that a test can change. */
export function show(model = new FakeModel()) {
  const host = new FakeHost();
  const kernel = model.kernel ?? new FakeKernel();
  const wish: { current: 'sidebar' | 'directory' | null } = { current: null };
  const startExport = (name: string): void => {
    wish.current = 'directory';
    model.setFolded('export', false);
    model.setDraft({ model: name });
  };
  const body = (): React.ReactElement => (
    <Sidebar model={model} host={host} trans={trans} wish={wish} startExport={startExport} />
  );
  const shown = render(body());
  model.changed.connect(() => act(() => shown.rerender(body())));
  return { ...shown, model, kernel, host };
}

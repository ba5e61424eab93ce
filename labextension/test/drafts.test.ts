import { describe, expect, test } from 'vitest';

import { loadedKernel, settle } from './fakes';
import { made, sidebar } from './sidebars';

describe('the draft', () => {
  test('has the first model, and keeps it when others come', async () => {
    const { sidebar: model, one } = await sidebar();
    expect(model.draft).toEqual({ model: 'first', directory: '', options: {} });
    one.say({ kind: 'change', models: [made('new', { cell: 9 }), made('first', { cell: 2 })] });

    expect(model.draft.model).toBe('first');
  });

  test('is kept for each kernel while one goes from notebook to notebook', async () => {
    const { sidebar: model, focus } = await sidebar();
    model.setDraft({ model: 'second', directory: 'mine', options: { strict: true } });
    focus(1);
    expect(model.draft).toEqual({ model: 'first', directory: '', options: {} });
    model.setDraft({ directory: 'other' });
    focus(0);

    expect(model.draft).toEqual({ model: 'second', directory: 'mine', options: { strict: true } });
  });

  test('is forgotten with its kernel', async () => {
    const { sidebar: model, panels, one } = await sidebar();
    model.setDraft({ directory: 'mine' });
    panels[0]?.setKernel(loadedKernel('3'));
    panels[0]?.setKernel(one);
    await settle();

    expect(model.draft.directory).toBe('');
  });

  test('takes the newest model when its own is gone, and its own when that is back', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ model: 'second' });
    one.say({
      kind: 'change',
      models: [made('old', { cell: 1 }), made('new', { cell: 8 }), made('plain', { cell: null })],
    });
    expect(model.draft.model).toBe('new');
    one.say({ kind: 'change', models: [made('newer', { cell: 9 }), made('new', { cell: 8 })] });
    expect(model.draft.model).toBe('new');
    one.say({ kind: 'change', models: [made('new', { cell: 8 }), made('second', { cell: 9 })] });
    expect(model.draft.model).toBe('second');
  });

  test('keeps the model that it fell back to once something is filled in for it', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ model: 'first' });
    one.say({ kind: 'change', models: [made('new', { cell: 8 })] });
    model.setDraft({ directory: 'exports/new' });
    one.say({ kind: 'change', models: [made('first', { cell: 9 }), made('new', { cell: 8 })] });

    expect(model.draft.model).toBe('new');
  });

  test('names none while there are none, such as after a restart', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ model: 'second', directory: 'mine' });
    one.say({ kind: 'change', models: [] });
    expect(model.draft).toEqual({ model: '', directory: 'mine', options: {} });
    void model.exportDraft();
    expect(one.requests).toEqual([]);
    one.say({ kind: 'change', models: [made('first', { cell: 1 }), made('second', { cell: 1 })] });

    expect(model.draft.model).toBe('second');
  });

  test('keeps a model that another name finds, or that a long list leaves out', async () => {
    const { sidebar: model, one } = await sidebar();
    one.say({ kind: 'change', models: [made('x', { names: ['x', 'first'] })] });
    expect(model.draft.model).toBe('first');
    one.say({ kind: 'change', models: [made('y', { cell: 9 })], more_models: 3 });
    expect(model.draft.model).toBe('first');
  });

  test('is of one model: another has its own, and the first is as it was left', async () => {
    const { sidebar: model } = await sidebar();
    const options = { overwrite: true, signatures: ['call'] };
    model.setDraft({ directory: 'exports/first', options });
    model.setDraft({ model: 'second' });
    expect(model.draft).toEqual({ model: 'second', directory: '', options: {} });
    model.setDraft({ directory: 'exports/second' });
    model.setDraft({ model: 'first' });
    expect(model.draft).toEqual({ model: 'first', directory: 'exports/first', options });
    model.setDraft({ model: 'second' });
    expect(model.draft).toEqual({ model: 'second', directory: 'exports/second', options: {} });
  });

  test('is not given to the model that takes the place of one that is gone', async () => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ model: 'second', directory: 'mine', options: { overwrite: true } });
    one.say({ kind: 'change', models: [made('new', { cell: 8 })] });

    expect(model.draft).toEqual({ model: 'new', directory: '', options: {} });
  });

  test('that is begun before there is a model is of the first one', async () => {
    const { sidebar: model, one } = await sidebar(undefined, []);
    model.setDraft({ directory: 'mine' });
    one.say({ kind: 'change', models: [made('late'), made('later')] });
    expect(model.draft).toEqual({ model: 'late', directory: 'mine', options: {} });
    model.setDraft({ model: 'later' });

    expect(model.draft.directory).toBe('');
  });

  test.each([
    ['done', { signatures: ['call'] }],
    ['failed', { overwrite: true, signatures: ['call'] }],
  ])('overwrites once: an export is %s', async (kind, left) => {
    const { sidebar: model, one } = await sidebar();
    model.setDraft({ directory: 'a', options: { overwrite: true, signatures: ['call'] } });
    const ended = model.exportDraft();
    model.setDraft({ model: 'second', options: { overwrite: true } });
    const id = one.idOf('export');
    one.say({ kind, id, reason: 'error', text: 'so it is', details: '' });
    await ended;

    expect(model.draft.options).toEqual({ overwrite: true });
    model.setDraft({ model: 'first' });
    expect(model.draft).toEqual({ model: 'first', directory: 'a', options: left });
  });
});

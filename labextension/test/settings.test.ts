import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';
import { expect, test, vi } from 'vitest';

import schema from '../schema/plugin.json';
import { Settings } from '../src/settings';
import { FakeModel } from './views/fakes';

function settingsOf(composite: Record<string, unknown>) {
  const settings = { composite, changed: new Signal<object, void>({}) };
  const now = (change: Record<string, unknown>): void => {
    settings.composite = { ...settings.composite, ...change };
    settings.changed.emit();
  };
  return { settings: settings as unknown as ISettingRegistry.ISettings, now };
}

test('what is set goes to the model, and a target that was picked stays', () => {
  const model = new FakeModel();
  const { settings, now } = settingsOf({ defaultTarget: 'gpu', liveChecks: true });
  const followed = new Settings();
  const told = vi.fn();
  followed.changed.connect(told);
  followed.follow(settings, model);

  expect(model.target).toBe('gpu');
  expect(followed.editorSeverity).toBe('info');

  model.setTarget('cpu');
  now({ liveChecks: false, editorSeverity: 'error' });

  expect(model.target).toBe('cpu');
  expect(model.setLiveChecks).toHaveBeenLastCalledWith(false);
  expect(followed.editorSeverity).toBe('error');
  expect(told).toHaveBeenCalledTimes(2);

  now({ defaultTarget: '' });

  expect(model.target).toBe('');
});

test('no two shortcuts are the same, and each is of a command of the menu', () => {
  const shortcuts = schema['jupyter.lab.shortcuts'];
  const keys = shortcuts.map((one) => one.keys.join(' '));
  const menu = schema['jupyter.lab.menus'].main[0]?.items.at(-1)?.submenu?.items ?? [];

  expect(new Set(keys).size).toBe(keys.length);
  expect(shortcuts.map((one) => one.command).sort()).toEqual(menu.map((one) => one.command).sort());
});

import { expect, test } from 'vitest';
import manifest from '../package.json';
import schema from '../schema/plugin.json';
import plugin from '../src/index';

test('the plugin has the id that its settings are filed under', () => {
  const [extension, file] = plugin.id.split(':');

  expect(extension).toBe(manifest.name);
  expect(file).toBe('plugin');
  expect(schema.title).toBe('SavedModel');
});

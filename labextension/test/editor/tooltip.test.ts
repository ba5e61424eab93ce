import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';
import type { Finding } from '../../src/messages';
import { element, type Fading, plain, words } from '../../src/tooltip';
import { finding } from './cells';

const TRANS = nullTranslator.load('sm_magics');

function lines(given: Partial<Finding>, fading: Fading = 'none'): readonly string[] {
  const placed = { finding: finding(given), subject: 'zoo', isStale: false, key: '' };
  const said = words(placed, fading, TRANS);
  const dom = element(said);
  expect([...dom.children].map((child) => child.textContent).join('\n')).toBe(plain(said));
  return plain(said).split('\n');
}

test('a tooltip tells code, severity, model, message, hint, function and count', () => {
  const given = { message: 'ops are pinned', hint: 'Leave it out.', function: 'scale', count: 2 };

  expect(lines({ ...given, severity: 'warning' })).toEqual([
    'SM301 · warning · zoo',
    'ops are pinned',
    'Leave it out.',
    'in scale · 2 times',
  ]);
});

test('what there is nothing to say about has no line', () => {
  const given = { message: 'm', hint: '', function: null, count: 1 };

  expect(lines(given)).toHaveLength(2);
  expect(lines({ ...given, message: '2 ops', count: 2 })).toHaveLength(2);
  expect(lines(given, 'model')[2]).toBe('The model or its cell has changed since this was found.');
  expect(lines(given, 'text')[2]).toBe('The text of this cell has changed since this was found.');
});

test('a hostile message is text', () => {
  const hostile = '<img src=x onerror=alert(1)>&amp; %1 %%';
  const placed = {
    finding: finding({ code: hostile, message: hostile, hint: hostile, function: hostile }),
    subject: hostile,
    isStale: false,
    key: '',
  };
  const dom = element(words(placed, 'text', TRANS));

  expect(dom.querySelectorAll('*:not(div)')).toHaveLength(0);
  expect(dom.querySelector('.sm-magics-Found-message')?.textContent).toBe(hostile);
  expect(dom.querySelector('.sm-magics-Found-more')?.textContent).toContain(hostile);
});

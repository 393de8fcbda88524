import { describe, expect, it } from 'vitest';
import { sanitize } from '../../src/errors/sanitize.ts';

describe('sanitize', () => {
  it.each([
    ['a window title', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
    ['a one-byte CSI', '\u009b31m', '\\x9b31m'],
    ['a line break', 'a\r\nb', 'a\\x0d\\x0ab'],
    ['NUL, tab, backspace and DEL', '\u0000\t\b\u007f', '\\x00\\x09\\x08\\x7f'],
    ['a right-to-left override', 'exe.\u202egnp', 'exe.\\u202egnp'],
    ['isolates and marks', '\u2066\u2069\u200e\u200f\u061c', '\\u2066\\u2069\\u200e\\u200f\\u061c'],
    ['Unicode line breaks', '\u2028\u2029', '\\u2028\\u2029'],
  ])('escapes %s', (_name, text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });

  it('leaves letters of any script and emoji as they are', () => {
    expect(sanitize('Grüße, 世界, שלום 😀')).toBe('Grüße, 世界, שלום 😀');
  });
});

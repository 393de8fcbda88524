import { expect, it } from 'vitest';
import { createStyle, hasLinks } from '../../../src/cli/output/style.ts';

const STREAM = { columns: 80, isTTY: true } as never;

it.each([
  ['a kitty', { TERM: 'xterm-kitty' }, true],
  ['a GNOME terminal', { TERM: 'xterm-256color', VTE_VERSION: '7200' }, true],
  ['an old one', { TERM: 'xterm', VTE_VERSION: '3409' }, false],
  ['VS Code', { TERM_PROGRAM: 'vscode' }, true],
  ['Windows Terminal', { WT_SESSION: 'x' }, true],
  ['a terminal that says nothing', { TERM: 'xterm-256color' }, false],
  ['tmux in it', { TERM: 'tmux-256color', VTE_VERSION: '7200', TMUX: '/tmp/x' }, false],
])('%s has links, or not', (_name, env, expected) => {
  expect(hasLinks(env)).toBe(expected);
});

it('links are OSC 8, and only where there are colors', async () => {
  const env = { TERM: 'xterm-kitty' };
  const url = new URL('https://example.com/a\u001b\\b');
  const { link } = await createStyle(STREAM, true, env);
  expect(link('docs', url)).toBe(
    `\u001b]8;;https://example.com/a%1B/b\u001b\\docs\u001b]8;;\u001b\\`,
  );
  expect((await createStyle(STREAM, false, env)).link('docs', url)).toBe('docs');
  expect((await createStyle(STREAM, true, { TERM: 'xterm' })).link('docs', url)).toBe('docs');
});

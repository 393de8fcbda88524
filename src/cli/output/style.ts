import type { Style } from '../../commands/result.ts';
import { columnsOf, type Io, type OutputStream } from '../io.ts';

const identity = (text: string): string => text;

/** A style without color, for pipes and files. */
export function plainStyle(stream: OutputStream): Style {
  return {
    bold: identity,
    dim: identity,
    red: identity,
    green: identity,
    yellow: identity,
    blue: identity,
    cyan: identity,
    link: identity,
    width: columnsOf(stream),
    terminal: stream.isTTY === true,
  };
}

/** Color needs a terminal and none of NO_COLOR (no-color.org), CI, TERM=dumb, --no-color. */
export function wantsColour(stream: OutputStream, env: Io['env'], noColour: boolean): boolean {
  if (stream.isTTY !== true || noColour) return false;
  return (env['NO_COLOR'] ?? '') === '' && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/**
 * Whether a terminal shows OSC 8 links. One that does not know them prints nothing of them, but some
 * of those that are in use print the address.
 */
export function hasLinks(env: Io['env']): boolean {
  const is = (name: string): boolean => (env[name] ?? '') !== '';
  // Inside tmux and screen, the terminal around them is not known.
  if (is('TMUX') || is('STY')) return false;
  const known = /^(?:iTerm\.app|WezTerm|vscode|ghostty|Hyper|rio)$/u;
  return (
    known.test(env['TERM_PROGRAM'] ?? '') ||
    /kitty|ghostty|foot|alacritty/u.test(env['TERM'] ?? '') ||
    Number(env['VTE_VERSION'] ?? 0) >= 5000 ||
    is('WT_SESSION') ||
    is('KONSOLE_VERSION')
  );
}

/** OSC 8; a URL has no control characters. */
function link(text: string, url: URL): string {
  return `\u001B]8;;${url.href}\u001B\\${text}\u001B]8;;\u001B\\`;
}

/** Loads chalk only if `colour` is set; links are for terminals with colors that have them. */
export async function createStyle(
  stream: OutputStream,
  colour: boolean,
  env: Io['env'] = {},
): Promise<Style> {
  const plain = plainStyle(stream);
  if (!colour) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    ...plain,
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    red: (text) => chalk.red(text),
    green: (text) => chalk.green(text),
    yellow: (text) => chalk.yellow(text),
    blue: (text) => chalk.blue(text),
    cyan: (text) => chalk.cyan(text),
    ...(hasLinks(env) ? { link } : {}),
  };
}

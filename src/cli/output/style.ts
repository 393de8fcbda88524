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
    width: columnsOf(stream),
    terminal: stream.isTTY === true,
  };
}

/** Color needs a terminal and none of NO_COLOR (no-color.org), CI, TERM=dumb, --no-color. */
export function wantsColour(stream: OutputStream, env: Io['env'], noColour: boolean): boolean {
  if (stream.isTTY !== true || noColour) return false;
  return (env['NO_COLOR'] ?? '') === '' && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Loads chalk only if `colour` is set. */
export async function createStyle(stream: OutputStream, colour: boolean): Promise<Style> {
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
  };
}

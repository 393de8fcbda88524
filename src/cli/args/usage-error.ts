import type { CommanderError } from 'commander';
import type { CommandSpec } from '../../commands/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { flagsOf } from './argv.ts';
import { GLOBAL_FLAGS, longName } from './flags.ts';
import { usageLine } from './help.ts';
import { suggest } from './suggest.ts';

export function unusedOption({ name }: CommandSpec, option: string): AppError {
  return new AppError('USAGE', `${name} does not use ${option}`, {
    hint: `Remove ${option}. List the options: regctl ${name} --help`,
  });
}

/** Converts commander's error: double quotes for names, and what was probably meant as the hint. */
export function usageError(
  error: CommanderError,
  spec: CommandSpec | undefined,
  commands: readonly CommandSpec[],
): AppError {
  if (error.code === 'commander.help') return noCommand();
  const [first = ''] = error.message.replace(/^error: /u, '').split('\n');
  const unknown = /^unknown option '(--[\w-]+)/u.exec(first)?.[1];
  const isShared = GLOBAL_FLAGS.some(({ flags }) => longName(flags) === unknown);
  if (spec !== undefined && unknown !== undefined && isShared) return unusedOption(spec, unknown);
  const where = spec === undefined ? 'regctl --help' : `regctl ${spec.name} --help`;
  const help = spec === undefined ? '' : `${usageLine(spec)}. `;
  const meant = ownName(first, spec) ?? nearest(first, spec, commands);
  return new AppError('USAGE', withoutValue(first).replaceAll("'", '"'), {
    hint: meant === undefined ? `${help}See \`${where}\`.` : `Did you mean ${meant}?`,
  });
}

/** The command, option or value that resembles the wrong one. */
function nearest(
  message: string,
  spec: CommandSpec | undefined,
  commands: readonly CommandSpec[],
): string | undefined {
  const options = spec === undefined ? GLOBAL_FLAGS : flagsOf(spec);
  const command = /^unknown command '([^']*)'/u.exec(message)?.[1];
  if (command !== undefined) {
    const shown = commands.filter(({ hidden }) => hidden !== true);
    return suggest(
      command,
      shown.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
    );
  }
  const option = /^unknown option '(--[\w-]+)/u.exec(message)?.[1];
  if (option !== undefined) {
    const shown = options.filter(({ hidden }) => hidden !== true);
    return suggest(
      option,
      shown.flatMap(({ flags }) => longName(flags) ?? []),
    );
  }
  const [, flags, value] = /^option '([^']*)' argument '([^']*)' is invalid/u.exec(message) ?? [];
  const choices = options.find((one) => one.flags === flags)?.choices;
  return value === undefined || choices === undefined ? undefined : suggest(value, choices);
}

/** regctl's option for another program's name of it. */
function ownName(message: string, spec: CommandSpec | undefined): string | undefined {
  const name = /^(?:unknown )?option '(-[^=', ]*)/u.exec(message)?.[1];
  return spec?.otherNames?.[name ?? ''];
}

/** Removes the value of an unknown option and surplus words, as they may be secrets. */
function withoutValue(message: string): string {
  return message
    .replace(/^(unknown option '(?:-[^-]|--[^=']*(?==))).*$/su, "$1'")
    .replace(/^(too many arguments .* but got \d+): .*$/su, '$1.');
}

export function noCommand(): AppError {
  return new AppError('USAGE', 'no command given', {
    hint: '`regctl --help` lists the commands.',
  });
}

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AppError } from '../../errors/app-error.ts';
import type { CommandGroup } from '../../commands/index.ts';
import type { CommandSpec, Input, OptionSpec } from '../../commands/types.ts';
import {
  flagsOf,
  normaliseFlags,
  splitArguments,
  subcommandsOf,
  type SplitArguments,
} from './argv.ts';
import { camelCase, GLOBAL_FLAGS, isUsed, longName, sharedFlags } from './flags.ts';
import { parseGlobalFlags, type ProgramFlags } from './global-flags.ts';
import { argumentUsage, commandHelp, groupHelp, programHelp, topicHelp } from './help.ts';
import { noCommand, unusedOption, usageError } from './usage-error.ts';

export type Parsed =
  | { readonly kind: 'print'; readonly text: string }
  | {
      readonly kind: 'run';
      readonly spec: CommandSpec;
      readonly input: Input;
      readonly flags: ProgramFlags;
    };

export interface ParseEnvironment {
  /** Node's names of the platform, for `--override-…`. */
  readonly host: { readonly platform: string; readonly arch: string };
  /** Columns to wrap help to. */
  readonly columns: number;
}

/** Parses the command line. @throws AppError USAGE, with a suggestion if there is one */
export function parseArguments(
  argv: readonly string[],
  groups: readonly CommandGroup[],
  { host, columns }: ParseEnvironment,
): Parsed {
  if (argv.length === 0) return { kind: 'print', text: programHelp(groups, columns) };
  const commands = groups.flatMap((group) => group.commands);
  const asked = splitArguments(argv, commands);
  if (asked.before.some(isVersion)) {
    const others = asked.before.filter((word) => !isVersion(word));
    return parseArguments([...others, 'version'], groups, { host, columns });
  }
  const topic = topicHelp(topicOf(asked) ?? '', columns);
  if (topic !== undefined) return { kind: 'print', text: topic };
  const split = expandHelp(asked, commands);
  const group = groupAnswer(split, commands, columns);
  if (group !== undefined) return group;
  const printed: string[] = [];
  const program = buildProgram(groups, split.spec, {
    columns,
    print: (text) => printed.push(text),
  });
  try {
    program.parse(normalised(split), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'print', text: printed.join('') };
    throw usageError(error, split.spec, commands);
  }
  const { spec } = split;
  const command = program.commands.find((one) => one.name() === spec?.name);
  if (spec === undefined || command === undefined) {
    throw noCommand();
  }
  const front = pick(program, GLOBAL_FLAGS);
  rejectUnused(spec, front);
  return {
    kind: 'run',
    spec,
    input: { args: command.args, options: pick(command, spec.options) },
    flags: parseGlobalFlags(
      { ...spec.sharedDefaults, ...merged(front, pick(command, sharedFlags(spec))) },
      host,
    ),
  };
}

const isVersion = (word: string): boolean => word === '--version' || word === '-v';

/** The topic of `help TOPIC`, unless a command is named `help`. */
function topicOf({ name, after, spec }: SplitArguments): string | undefined {
  return name === 'help' && spec === undefined ? after[0] : undefined;
}

/** Rewrites `help` and `help COMMAND` to `--help` and `COMMAND --help`. */
function expandHelp(split: SplitArguments, commands: readonly CommandSpec[]): SplitArguments {
  if (split.name !== 'help' || split.spec !== undefined) return split;
  return splitArguments([...split.after.slice(0, 2), '--help'], commands);
}

/**
 * The first word of commands of two words: its help, or an error if the second one is missing or
 * unknown. @throws AppError USAGE
 */
function groupAnswer(
  { name = '', after, spec }: SplitArguments,
  commands: readonly CommandSpec[],
  columns: number,
): Parsed | undefined {
  const members = subcommandsOf(name, commands);
  if (spec !== undefined || members.length === 0) return undefined;
  if (after.some((word) => word === '--help' || word === '-h')) {
    return { kind: 'print', text: groupHelp(name, members, columns) };
  }
  const [word] = after;
  const problem = word === undefined ? 'it needs a second word' : `it has no "${word}"`;
  throw new AppError('USAGE', `cannot run "${name}": ${problem}`, {
    hint: `Use one of: ${members.map((one) => one.name).join(', ')}.`,
  });
}

function normalised({ before, name, after, spec }: SplitArguments): string[] {
  const front = normaliseFlags(before, GLOBAL_FLAGS);
  if (name === undefined) return [...front];
  // Without what follows, so that an error names the unknown command and not an option after it.
  if (spec === undefined) return [...front, name];
  return [...front, name, ...normaliseFlags(after, flagsOf(spec))];
}

/** Adds all commands by name, for suggestions, but options only for the chosen one. */
function buildProgram(
  groups: readonly CommandGroup[],
  chosen: CommandSpec | undefined,
  { columns, print }: { columns: number; print: (text: string) => void },
): Command {
  const program = new Command('regctl')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .configureHelp({ formatHelp: () => programHelp(groups, columns) })
    .enablePositionalOptions()
    .helpCommand(false);
  for (const flag of GLOBAL_FLAGS) program.addOption(toOption(flag));
  const all = groups.flatMap((group) => group.commands);
  // The others are needed for suggestions only.
  for (const spec of chosen === undefined ? all : [chosen]) {
    const command = program.createCommand(spec.name).copyInheritedSettings(program);
    program.addCommand(command.aliases([...(spec.aliases ?? [])]));
    if (spec === chosen) fill(command, spec, columns);
  }
  return program;
}

function fill(command: Command, spec: CommandSpec, columns: number): void {
  command
    .configureHelp({ formatHelp: () => commandHelp(spec, columns) })
    .allowExcessArguments(false)
    .action(() => undefined);
  for (const arg of spec.args) command.argument(argumentUsage(arg));
  for (const flag of flagsOf(spec)) command.addOption(toOption(flag));
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.summary);
  // Commander stores `--no-tags` as `tags: false`, which confuses `--no-creds` with `--creds`.
  option.negate = false;
  if (spec.hidden === true) option.hideHelp();
  if (spec.kind !== 'flag') {
    option.argParser((value: string, previous: unknown) => parseValue(spec, value, previous));
  }
  return option;
}

function parseValue(spec: OptionSpec, value: string, previous: unknown): Input['options'][string] {
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    throw new InvalidArgumentError(`It is one of ${spec.choices.join(', ')}.`);
  }
  switch (spec.kind) {
    case 'integer':
      if (!/^\d{1,15}$/u.test(value)) throw new InvalidArgumentError('It takes a whole number.');
      return Number(value);
    case 'boolean':
      if (/^(?:true|1|yes)$/iu.test(value)) return true;
      if (/^(?:false|0|no)$/iu.test(value)) return false;
      throw new InvalidArgumentError('It is true or false.');
    case 'list':
      return [...(Array.isArray(previous) ? (previous as string[]) : []), value];
    case 'flag':
    case 'string':
      return value;
  }
}

function pick(command: Command, specs: readonly OptionSpec[]): Input['options'] {
  const values = command.opts<Record<string, Input['options'][string]>>();
  const names = specs.map((spec) => camelCase(longName(spec.flags) ?? spec.flags));
  return Object.fromEntries(
    names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
  );
}

/** Options after the command override those before it; lists are concatenated. */
function merged(front: Input['options'], after: Input['options']): Input['options'] {
  const lists = Object.entries(after).flatMap(([name, value]) => {
    const earlier = front[name];
    return Array.isArray(value) && Array.isArray(earlier) ? [[name, [...earlier, ...value]]] : [];
  });
  return { ...front, ...after, ...(Object.fromEntries(lists) as Input['options']) };
}

/** @throws AppError USAGE if an option before the command does not apply to it */
function rejectUnused(spec: CommandSpec, given: Input['options']): void {
  for (const flag of GLOBAL_FLAGS) {
    const name = longName(flag.flags) ?? flag.flags;
    if (given[camelCase(name)] !== undefined && !isUsed(spec, flag)) throw unusedOption(spec, name);
  }
}

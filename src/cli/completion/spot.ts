import type { CommandSpec, OptionSpec } from '../../commands/types.ts';
import { flagsOf, subcommandsOf } from '../args/argv.ts';
import { GLOBAL_FLAGS, longName, shortName } from '../args/flags.ts';

/** Where in a command line the cursor is. */
export interface Spot {
  /** The word to complete, as far as it is written. */
  readonly word: string;
  /** The command, if its name is complete. */
  readonly spec: CommandSpec | undefined;
  /** The first word of a command of two: "index". */
  readonly noun: string | undefined;
  /** The option whose value is written, and what stands before it in the word: `--output=`. */
  readonly option: OptionSpec | undefined;
  readonly prefix: string;
  readonly args: readonly string[];
  readonly given: readonly GivenOption[];
  /** `help` was written. */
  readonly isHelp: boolean;
  /** `--` was written, so that no options follow. */
  readonly isOnlyArguments: boolean;
}

export interface GivenOption {
  readonly option: OptionSpec;
  readonly value: string | undefined;
}

/** Reads `words`, of which the last is being written, as the parser would. */
export function spotOf(words: readonly string[], commands: readonly CommandSpec[]): Spot {
  const word = words.at(-1) ?? '';
  const given: GivenOption[] = [];
  const args: string[] = [];
  let spec: CommandSpec | undefined;
  let noun: string | undefined;
  let isOnlyArguments = false;
  let open: OptionSpec | undefined;
  const known = (): readonly OptionSpec[] => (spec === undefined ? GLOBAL_FLAGS : flagsOf(spec));

  for (const one of words.slice(0, -1)) {
    if (open !== undefined) {
      given.push({ option: open, value: one });
      open = undefined;
    } else if (isOnlyArguments || !one.startsWith('-') || one === '-') {
      const isSecond = noun !== undefined && args.length === 0;
      const both = isSecond ? named(`${noun} ${one}`, commands) : undefined;
      if (both !== undefined) spec = both;
      else if (noun !== undefined) args.push(one);
      else spec = named(one, commands);
      noun = both === undefined ? (noun ?? one) : '';
    } else if (one === '--') {
      isOnlyArguments = true;
    } else {
      const [, name = one, value] = /^(--[\w-]+)=(.*)$/su.exec(one) ?? [];
      const option = optionOf(name, known());
      if (option === undefined) continue;
      if (value === undefined && takesNext(option)) open = option;
      else given.push({ option, value });
    }
  }
  const isHelp = spec === undefined && noun === 'help' && args.length === 0;
  const hasMore =
    noun !== undefined && args.length === 0 && subcommandsOf(noun, commands).length > 0;
  const [, prefix = '', rest = ''] = /^(--[\w-]+=)(.*)$/su.exec(word) ?? [];
  const attached =
    prefix === '' || isOnlyArguments ? undefined : optionOf(prefix.slice(0, -1), known());
  return {
    word: attached === undefined ? word : rest,
    spec,
    noun: hasMore ? noun : undefined,
    option: open ?? attached,
    prefix: attached === undefined ? '' : prefix,
    args,
    given,
    isHelp,
    isOnlyArguments,
  };
}

function named(words: string, commands: readonly CommandSpec[]): CommandSpec | undefined {
  return commands.find(({ name, aliases = [] }) => name === words || aliases.includes(words));
}

function optionOf(name: string, options: readonly OptionSpec[]): OptionSpec | undefined {
  return options.find(({ flags }) => longName(flags) === name || shortName(flags) === name);
}

/** Whether the value may be the next word: not for `[value]`, which is only read after `=`. */
export function takesNext({ flags }: OptionSpec): boolean {
  return flags.includes('<');
}

import { AppError } from '../../errors/app-error.ts';
import { personaHelp, verbHelp } from './help.ts';
import {
  indexOptions,
  ourOptions,
  parseWords,
  type GivenOption,
  type OptionIndex,
} from './options.ts';
import type { Line, Missing, Persona, Rewritten, Verb } from './types.ts';

const HELP = { '-h, --help': { ignored: 'answered here' } } as const;
const VERSION = { '-v, --version': { ignored: 'answered here' } } as const;

/**
 * Translates another tool's line into one of ours.
 * @throws AppError USAGE for a verb or option missing in the tool's table
 */
export function rewrite(
  persona: Persona,
  argv: readonly string[],
  machine: Line['machine'],
): Rewritten {
  const shared = indexOptions(persona.options, HELP, VERSION);
  const { before, words } = splitAtVerb(argv, shared, persona.name);
  if (words.length === 0 || words[0] === 'help') return helpOf(persona, before, words.slice(1));
  if (persona.hasVersionVerb === true && words[0] === 'version') {
    return { kind: 'print', text: `${persona.version}\n` };
  }
  const row = findVerb(persona, words);
  if (row === undefined) throw unknownVerb(persona, words);
  if ('use' in row) {
    throw new AppError('USAGE', `regctl has no "${persona.name} ${row.words}"`, { hint: row.use });
  }
  const [verb, rest] = row;
  const index = indexOptions(persona.options, verb.options, HELP);
  const { given, args } = parseWords([...before, ...rest], index, persona.name);
  if (given.some(({ option }) => option.name === 'help')) {
    return { kind: 'print', text: verbHelp(persona, verb) };
  }
  const line = lineOf(given, args, machine);
  return {
    kind: 'run',
    argv: ourWords(persona.name, verb, line, given),
    manner: {
      name: persona.name,
      exits: persona.exits,
      failure: persona.failure,
      words: persona.words ?? {},
      prints: verb.prints?.(line) ?? {},
    },
  };
}

/** The verb with its options and arguments, in our words. */
export function ourWords(
  tool: string,
  verb: Verb,
  line: Line,
  given: readonly GivenOption[],
): readonly string[] {
  const args = verb.args?.(line) ?? line.args;
  const options = [...(verb.defaults?.(line) ?? []), ...ourOptions(given, line, tool)];
  const needsEnd = args.some((arg) => arg.startsWith('-') && arg !== '-');
  return [...(verb.toFor?.(line) ?? verb.to), ...options, ...(needsEnd ? ['--'] : []), ...args];
}

export function lineOf(
  given: readonly GivenOption[],
  args: readonly string[],
  machine: Line['machine'],
): Line {
  const all = (option: string): readonly GivenOption[] =>
    given.filter((one) => one.option.name === option && one.value !== 'false');
  return {
    args,
    machine,
    has: (option) => all(option).length > 0,
    value: (option) => all(option).at(-1)?.value,
    values: (option) => all(option).flatMap(({ value }) => value ?? []),
  };
}

/** Global options may precede the verb. @throws AppError USAGE for any other option */
function splitAtVerb(
  argv: readonly string[],
  shared: OptionIndex,
  tool: string,
): { readonly before: readonly string[]; readonly words: readonly string[] } {
  const at = verbAt(argv, shared);
  if (at === argv.length) parseWords(argv, shared, tool);
  return { before: argv.slice(0, at), words: argv.slice(at) };
}

/** Position of the first word that is neither an option nor an option's value. */
export function verbAt(argv: readonly string[], shared: OptionIndex): number {
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-')) break;
    if (!word.includes('=') && shared.get(word)?.takes === 'value') at += 1;
  }
  return Math.min(at, argv.length);
}

/** The matching row with the most words, and the words after them. */
export function findVerb(
  persona: Pick<Persona, 'verbs' | 'missing'>,
  words: readonly string[],
): readonly [Verb, readonly string[]] | Missing | undefined {
  const rows = [
    ...persona.verbs.flatMap((verb) =>
      [verb.words, ...(verb.aliases ?? [])].map((name) => ({ parts: name.split(' '), verb })),
    ),
    ...(persona.missing ?? []).map((missing) => ({ parts: missing.words.split(' '), missing })),
  ].toSorted((a, b) => b.parts.length - a.parts.length);
  const row = rows.find(({ parts }) => parts.every((part, at) => words[at] === part));
  if (row === undefined) return undefined;
  return 'missing' in row ? row.missing : [row.verb, words.slice(row.parts.length)];
}

function helpOf(persona: Persona, before: readonly string[], topic: readonly string[]): Rewritten {
  if (before.some((word) => word === '--version' || word === '-v')) {
    return { kind: 'print', text: `${persona.version}\n` };
  }
  const row = topic.length === 0 ? undefined : findVerb(persona, topic);
  if (row !== undefined && !('use' in row))
    return { kind: 'print', text: verbHelp(persona, row[0]) };
  if (topic.length > 0 || before.some((word) => word === '--help' || word === '-h')) {
    return { kind: 'print', text: personaHelp(persona) };
  }
  throw new AppError('USAGE', 'no command given', {
    hint: `\`${persona.name} --help\` lists the commands.`,
  });
}

function unknownVerb(persona: Persona, words: readonly string[]): AppError {
  return new AppError('USAGE', `unknown command "${words[0] ?? ''}" for "${persona.name}"`, {
    hint: `\`${persona.name} --help\` lists the commands.`,
  });
}

import type { CommandSpec, OptionSpec } from '../../commands/types.ts';
import { GLOBAL_FLAGS, longName, sharedFlags, shortName } from './flags.ts';

/** The command line, split at the command's name, and the command of that name if it exists. */
export interface SplitArguments {
  readonly before: readonly string[];
  /** The command's name, of two words if there is such a command: "index create". */
  readonly name: string | undefined;
  readonly after: readonly string[];
  readonly spec: CommandSpec | undefined;
}

/** Finds the command's name: the first word that is neither a global option nor its value. */
export function splitArguments(
  argv: readonly string[],
  commands: readonly CommandSpec[],
): SplitArguments {
  const takesValue = new Set(
    GLOBAL_FLAGS.filter((flag) => flag.flags.includes('<')).flatMap((flag) => [
      longName(flag.flags),
      shortName(flag.flags),
    ]),
  );
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-') || word === '-' || word === '--') break;
    if (takesValue.has(word)) at += 1;
  }
  const named = (words: string): CommandSpec | undefined =>
    commands.find(({ name, aliases }) => name === words || aliases?.includes(words));
  const two = `${argv[at] ?? ''} ${argv[at + 1] ?? ''}`;
  const spec = named(two);
  if (spec !== undefined) {
    return { before: argv.slice(0, at), name: two, after: argv.slice(at + 2), spec };
  }
  const name = argv[at];
  const after = argv.slice(at + 1);
  return { before: argv.slice(0, at), name, after, spec: named(name ?? '') };
}

/** The commands of two words that start with `word`: "index create" for "index". */
export function subcommandsOf(
  word: string | undefined,
  commands: readonly CommandSpec[],
): readonly CommandSpec[] {
  return commands.filter(({ name }) => word !== undefined && name.startsWith(`${word} `));
}

/** Options of the chosen command, its own first. */
export function flagsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [...spec.options, ...sharedFlags(spec)];
}

/**
 * Normalizes Go's option syntax, which skopeo's users expect: `--all=true`, `--all=false`, and
 * `--tls-verify` without a value, which never takes the next word. An optional text defaults to its
 * first choice.
 */
export function normaliseFlags(
  words: readonly string[],
  specs: readonly OptionSpec[],
): readonly string[] {
  const kinds = new Map(specs.map((spec) => [longName(spec.flags), spec]));
  const out: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word === '--') return [...out, ...words.slice(index)];
    const [, name, value] = /^(--[\w-]+)(?:=(.*))?$/su.exec(word) ?? [];
    const spec = kinds.get(name);
    if (spec?.kind === 'boolean' && value === undefined && !spec.flags.includes('<')) {
      out.push(`${word}=true`);
    } else if (spec?.kind === 'string' && value === undefined && spec.flags.includes('[')) {
      out.push(`${word}=${spec.choices?.[0] ?? ''}`);
    } else if (spec?.kind === 'flag' && name !== undefined && /^(?:true|1)$/u.test(value ?? '')) {
      out.push(name);
    } else if (spec?.kind !== 'flag' || !/^(?:false|0)$/u.test(value ?? '')) {
      out.push(word);
    }
  }
  return out;
}

/** The JSON format for errors, detected before the arguments are validated. */
export function requestedJson(argv: readonly string[]): 'json' | 'ndjson' | undefined {
  let found: 'json' | 'ndjson' | undefined;
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    const attached = /^(?:--output=|-o=?)(json|ndjson)$/u.exec(word)?.[1];
    const next = word === '-o' || word === '--output' ? argv[index + 1] : undefined;
    const value = attached ?? next;
    if (value === 'json' || value === 'ndjson') found = value;
  }
  return found;
}

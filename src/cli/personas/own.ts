import type { CommandGroup } from '../../commands/index.ts';
import { AppError } from '../../errors/app-error.ts';
import { GLOBAL_FLAGS, SIDE_FLAGS, sharedFlags } from '../args/flags.ts';
import { indexOptions, parseWords, type OptionIndex } from './options.ts';
import { findVerb, lineOf, ourWords, verbAt } from './rewrite.ts';
import { ROOT } from './tools/regclient/options.ts';
import { MISSING, VERBS } from './tools/regclient/verbs.ts';
import { skopeo } from './tools/skopeo/persona.ts';
import { same } from './tables.ts';
import type { Line, Prints } from './types.ts';

/**
 * Translates skopeo's options in a line of ours, as far as our command of that name lacks them.
 * Undefined: the line has none.
 * @throws AppError USAGE for a refused option
 */
export function withSkopeoOptions(
  argv: readonly string[],
  groups: readonly CommandGroup[],
  machine: Line['machine'],
): readonly string[] | undefined {
  const before = indexOptions(skopeo.options, same(...GLOBAL_FLAGS.map(({ flags }) => flags)));
  const at = verbAt(argv, before);
  const spec = groups
    .flatMap(({ commands }) => commands)
    .find(({ name, aliases = [] }) => [name, ...aliases].includes(argv[at] ?? ''));
  const row = spec === undefined ? undefined : findVerb(skopeo, [spec.name]);
  if (spec === undefined || row === undefined || 'use' in row) return undefined;
  const [verb] = row;
  const own = [...sharedFlags(spec), ...spec.options].map(({ flags }) => flags);
  const after = indexOptions(skopeo.options, verb.options, same(...own));
  const front = readWords(argv.slice(0, at), after);
  const rest = readWords(argv.slice(at + 1), after);
  if (front === undefined || rest === undefined) return undefined;
  const given = [...front.given, ...rest.given];
  const line = lineOf(given, rest.args, machine);
  return ourWords('skopeo', { words: verb.words, to: [spec.name], options: {} }, line, given);
}

/**
 * Translates a line that begins with one of regclient's nouns. Undefined: it does not.
 * @throws AppError USAGE for a verb that regctl lacks
 */
export function withNoun(
  argv: readonly string[],
  machine: Line['machine'],
):
  | { readonly argv: readonly string[]; readonly prints: Prints }
  | { readonly text: string }
  | undefined {
  const own = same(...GLOBAL_FLAGS.map(({ flags }) => flags));
  const before = indexOptions(own, ROOT);
  const at = verbAt(argv, before);
  const words = argv.slice(at);
  const row = findVerb({ verbs: VERBS, missing: MISSING }, words);
  if (row === undefined) return undefined;
  if ('use' in row) {
    throw new AppError('USAGE', `regctl has no "${row.words}"`, { hint: row.use });
  }
  const [verb, rest] = row;
  // Our options work there too, unless regclient has one of that name.
  const index = indexOptions(own, SIDES, ROOT, verb.options);
  const front = parseWords(argv.slice(0, at), before, 'regclient');
  const { given, args } = parseWords(rest, index, 'regclient');
  const line = lineOf([...front.given, ...given], args, machine);
  if (verb.text !== undefined) return { text: verb.text(line) };
  return {
    argv: ourWords('regclient', verb, line, [...front.given, ...given]),
    // Scripts join standard error with the output, which regclient leaves empty there.
    prints: { quietly: true, ...verb.prints?.(line) },
  };
}

const SIDES = same(...SIDE_FLAGS.map(({ flags }) => flags));

/** Undefined: some words belong to neither tool. */
function readWords(
  words: readonly string[],
  index: OptionIndex,
): ReturnType<typeof parseWords> | undefined {
  try {
    return parseWords(words, index, 'skopeo');
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

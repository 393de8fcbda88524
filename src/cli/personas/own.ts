import type { CommandGroup } from '../../commands/index.ts';
import { AppError } from '../../errors/app-error.ts';
import { GLOBAL_FLAGS, sharedFlags } from '../args/flags.ts';
import { indexOptions, parseWords, type OptionIndex } from './options.ts';
import { findVerb, lineOf, ourWords, verbAt } from './rewrite.ts';
import { skopeo } from './skopeo.ts';
import { same } from './tables.ts';
import type { Line } from './types.ts';

/**
 * A line of ours with options of skopeo, in our words: those that our command of the same name does
 * not have itself. Undefined: it is none.
 * @throws AppError USAGE for an option that is refused
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
  const front = readWords(argv.slice(0, at), before);
  const rest = readWords(argv.slice(at + 1), after);
  if (front === undefined || rest === undefined) return undefined;
  const given = [...front.given, ...rest.given];
  const line = lineOf(given, rest.args, machine);
  return ourWords('skopeo', { words: verb.words, to: [spec.name], options: {} }, line, given);
}

/** Undefined: there are words that neither tool has. */
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

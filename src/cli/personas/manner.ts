import type { ErrorCode } from '../../errors/codes.ts';
import type { Manner, Persona, Reported } from './types.ts';

/** regctl's own manner. */
export const OWN_MANNER: Manner = {
  name: 'regctl',
  exits: {},
  failure: undefined,
  words: {},
  prints: {},
};

export function mannerOf({ name, exits, failure, words }: Persona): Manner {
  return { name, exits, failure, words, prints: {} };
}

/** The report with the tool's exit status and the words that its scripts look for. */
export function inManner<T extends Reported>(report: T, { exits, failure, words }: Manner): T {
  const code = report.code as ErrorCode;
  const exit = exits[code] ?? failure ?? report.exit;
  const word = words?.[code]?.(report);
  if (word === undefined) return { ...report, exit };
  return { ...report, exit, reason: [word, report.reason].filter(Boolean).join(': ') };
}

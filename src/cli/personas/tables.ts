import { longName } from '../args/flags.ts';
import type { OptionRules } from './types.ts';

/** Options that have the same name and meaning here. */
export function same(...spellings: readonly string[]): OptionRules {
  return Object.fromEntries(
    spellings.map((spelling) => [spelling, longName(spelling) ?? spelling]),
  );
}

import type { OptionRules } from './types.ts';

/** `--registries.d` of "--registries.d <dir>"; undefined if there is only a letter. */
export function longName(spelling: string): string | undefined {
  return /--[\w.-]+/u.exec(spelling)?.[0];
}

/** Options with the same name and meaning here. */
export function same(...spellings: readonly string[]): OptionRules {
  return Object.fromEntries(
    spellings.map((spelling) => [spelling, longName(spelling) ?? spelling]),
  );
}

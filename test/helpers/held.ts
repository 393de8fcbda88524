import { readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

export const textOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** A row of a table that documents make: where its rule is, and which tests attack it. */
export interface HeldRow {
  /** Files with the rule, each with a name that is declared there. */
  readonly rules: readonly (readonly [file: string, name: string])[];
  /** Test files with titles, as they are written there. */
  readonly tests: readonly (readonly [file: string, ...titles: string[]])[];
}

/** What a row names and nobody has: files and names, files and titles. */
export function lostOf({ rules, tests }: HeldRow): readonly string[] {
  const lost = rules.filter(([file, name]) => !declares(file, name)).map((one) => one.join(': '));
  for (const [file, ...titles] of tests) {
    lost.push(...titles.filter((title) => !holds(file, title)).map((one) => `${file}: ${one}`));
    if (titles.length === 0) lost.push(`${file}: no title`);
  }
  if (rules.length === 0 || tests.length === 0) lost.push('no rule or no test');
  return lost;
}

/** A name that a file declares: a function, constant, class, member or interface. */
function declares(file: string, name: string): boolean {
  const plain = name.replace(/\$/gu, '\\$&');
  const kinds = '(?:function\\*?|const|class|interface|type)\\s+';
  return new RegExp(`${kinds}${plain}\\b|^  (?:async )?\\*?${plain}\\(`, 'mu').test(textOf(file));
}

function holds(file: string, title: string): boolean {
  const text = textOf(file);
  return [`'${title}'`, `\`${title}\``, JSON.stringify(title)].some((one) => text.includes(one));
}

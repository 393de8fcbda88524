import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROWS } from './rows.ts';

const ROOT = new URL('../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

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

describe('the 28 attacks', () => {
  it('are all there', () => {
    expect(ROWS).toHaveLength(28);
  });

  it('stand in SECURITY.md with their rules', () => {
    const lines = textOf('SECURITY.md')
      .split('\n')
      .filter((line) => /^\| \d/u.test(line));
    expect(lines).toHaveLength(ROWS.length);
    for (const [i, { attack, rules }] of ROWS.entries()) {
      expect(lines[i]).toContain(`| ${i + 1} | ${attack} |`);
      for (const [file] of rules) expect(lines[i]).toContain(`\`${file}\``);
    }
  });

  it.each(ROWS.map((row, i) => [i + 1, row.attack, row] as const))(
    '%i: %s: has its rule and its tests',
    (_number, _attack, { rules, tests }) => {
      expect(rules.length).toBeGreaterThan(0);
      expect(tests.length).toBeGreaterThan(0);
      for (const [file, name] of rules) expect([file, name, declares(file, name)]).toContain(true);
      for (const [file, ...titles] of tests) {
        expect(titles.length).toBeGreaterThan(0);
        for (const title of titles) expect([file, title, holds(file, title)]).toContain(true);
      }
    },
  );
});

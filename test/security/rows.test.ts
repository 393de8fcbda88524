import { describe, expect, it } from 'vitest';
import { lostOf, textOf } from '../helpers/held.ts';
import { ROWS } from './rows.ts';

describe('the 37 attacks', () => {
  it('are all there', () => {
    expect(ROWS).toHaveLength(37);
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
    (_number, _attack, row) => {
      expect(lostOf(row)).toEqual([]);
    },
  );
});

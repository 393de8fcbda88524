import { describe, expect, it } from 'vitest';
import { lostOf, textOf } from '../helpers/held.ts';
import { ROWS } from './rows.ts';

describe('the failures of the catalogue', () => {
  it('are all there, and stand in docs/reliability.md with their rules', () => {
    expect(ROWS).toHaveLength(26);
    const lines = textOf('docs/reliability.md')
      .split('\n')
      .filter((line) => /^\| \d+ \|/u.test(line));
    expect(lines).toHaveLength(ROWS.length);
    for (const [i, { failure, rules }] of ROWS.entries()) {
      expect(lines[i]).toContain(`| ${i + 1} | ${failure} |`);
      for (const [file] of rules) expect(lines[i]).toContain(`\`${file}\``);
    }
  });

  it.each(ROWS.map((row, i) => [i + 1, row.failure, row] as const))(
    '%i: %s: has its rule and its tests',
    (_number, _failure, row) => {
      expect(lostOf(row)).toEqual([]);
    },
  );
});

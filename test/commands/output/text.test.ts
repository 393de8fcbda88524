import { describe, expect, it } from 'vitest';
import { formatAge, formatSeconds, formatSize } from '../../../src/commands/output/units.ts';
import { bar } from '../../../src/commands/inspect/page.ts';
import { compareVersions } from '../../../src/tags/order.ts';
import { renderTable } from '../../../src/commands/output/table.ts';
import { displayWidth, truncate } from '../../../src/commands/output/width.ts';
import { PLAIN } from '../fake-context.ts';

describe('text for people', () => {
  it('sizes', () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '1 kB'],
      [999_600, '1 MB'],
      [3_620_000, '3.62 MB'],
      [1_234_567_890, '1.23 GB'],
    ];
    for (const [bytes, text] of cases) expect(formatSize(bytes)).toBe(text);
  });

  it('ages and windows', () => {
    const now = new Date('2026-02-01T00:00:00Z');
    const cases: readonly (readonly [string, string])[] = [
      ['2026-01-31T23:59:30Z', 'just now'],
      ['2026-01-31T22:59:00Z', '61 minutes ago'],
      ['2026-01-30T00:00:00Z', '2 days ago'],
      ['2020-01-01T00:00:00Z', '6 years ago'],
      ['2027-01-01T00:00:00Z', 'in the future'],
      ['no date', ''],
    ];
    for (const [created, text] of cases) expect(formatAge(created, now)).toBe(text);
    expect([21_600, 90, 120].map(formatSeconds)).toEqual(['6 h', '90 s', '2 min']);
  });

  it('widths of wide and of combining characters', () => {
    expect([displayWidth('日本'), displayWidth('e\u0301'), displayWidth('🐳')]).toEqual([4, 1, 2]);
    expect(displayWidth(truncate('日本語テキスト', 6))).toBeLessThanOrEqual(6);
    expect(truncate('short', 5)).toBe('short');
  });

  it('bars show whatever is not empty and never overflow', () => {
    expect(bar(0, 8)).toBe('');
    expect(bar(1e-9, 8)).toBe('▏');
    expect(bar(1, 8)).toBe('████████');
    expect(bar(5, 8)).toBe('████████');
  });

  it('a table gives way on a terminal alone', () => {
    const columns = [
      { title: 'NAME', shrink: true },
      { title: 'N', align: 'right' as const },
    ];
    const rows = [
      ['x'.repeat(50), '7'],
      ['日本', '10'],
    ];
    const narrow = renderTable(columns, rows, { ...PLAIN, terminal: true, width: 20 });
    expect(narrow.split('\n').map(displayWidth)).toEqual([20, 20, 20]);
    expect(renderTable(columns, rows, { ...PLAIN, width: 20 })).toContain('x'.repeat(50));
  });

  it('versions are ordered whatever their shape', () => {
    const sorted = [
      'edge',
      '1.2.0-beta',
      '1.2',
      '1.2.1',
      'v1.10',
      '01.11',
      '20260101',
      '20260101.2',
    ];
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
  });
});

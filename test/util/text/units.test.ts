import { expect, it } from 'vitest';
import { buildTime } from '../../../src/oci/created.ts';
import { formatAge, formatSeconds, formatSize } from '../../../src/util/text/units.ts';

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
  for (const [created, text] of cases) expect(formatAge(buildTime(created), now)).toBe(text);
  expect([21_600, 90, 120].map(formatSeconds)).toEqual(['6 h', '90 s', '2 min']);
});

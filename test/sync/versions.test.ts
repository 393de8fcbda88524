import { describe, expect, test } from 'vitest';
import { mastermindsRange } from '../../src/sync/versions/masterminds.ts';
import { compareRegsyncVersions, regsyncRange } from '../../src/sync/versions/regsync.ts';
import { readVectors } from './vectors.ts';

interface Ranges {
  readonly versions: readonly string[];
  readonly invalid: readonly string[];
  readonly ranges: readonly {
    readonly range: string;
    readonly matches?: readonly string[];
    readonly error?: string;
  }[];
  readonly compare?: readonly (readonly [string, string, number])[];
}

const DIALECTS = [
  { name: 'regsync', read: regsyncRange },
  { name: 'masterminds', read: mastermindsRange },
] as const;

describe.each(DIALECTS)('ranges of $name', ({ name, read }) => {
  const { versions, invalid, ranges } = readVectors(`pure/${name}-semver.json`) as Ranges;

  test.each(ranges)('$range', ({ range, matches, error }) => {
    if (error !== undefined) {
      expect(() => read(range)).toThrow(Error);
      return;
    }
    const inRange = read(range);
    expect(versions.filter(inRange)).toEqual(versions.filter((one) => matches?.includes(one)));
    expect(invalid.filter(inRange)).toEqual([]);
  });
});

test('versions are in the order of regsync', () => {
  const { compare = [] } = readVectors('pure/regsync-semver.json') as Ranges;
  expect(compare.length).toBeGreaterThan(100);
  for (const [a, b, order] of compare) {
    expect([a, b, Math.sign(compareRegsyncVersions(a, b))]).toEqual([a, b, order]);
    expect([b, a, Math.sign(compareRegsyncVersions(b, a)) + 0]).toEqual([b, a, -order + 0]);
  }
});

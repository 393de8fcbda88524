import { describe, expect, it } from 'vitest';
import { createRules } from '../../src/retention/rules.ts';
import { createVersionRange } from '../../src/tags/filter.ts';
import { compareVersions, startsLikeVersion } from '../../src/tags/order.ts';
import { findSuccessors } from '../../src/tags/successors.ts';
import { loadVectors } from '../retention/vectors.ts';

interface VersionCase {
  readonly name: string;
  readonly current: string;
  readonly tags: readonly string[];
  readonly expected: unknown;
  readonly sortedVersions?: readonly string[];
  readonly groups?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly ranges?: Readonly<Record<string, readonly string[]>>;
}

const { cases } = loadVectors('versions') as { readonly cases: readonly VersionCase[] };

describe('the lists of versions', () => {
  for (const one of cases) {
    it(`of ${one.name}`, async () => {
      expect(findSuccessors(one.current, one.tags)).toEqual(one.expected);
      if (one.sortedVersions !== undefined) {
        const sorted = one.tags.filter(startsLikeVersion).toSorted(compareVersions);
        expect(sorted).toEqual(one.sortedVersions);
      }
      for (const [range, expected] of Object.entries(one.ranges ?? {})) {
        const isIn = await createVersionRange(range);
        expect(one.tags.filter(isIn).toSorted(), range).toEqual(expected);
      }
      for (const [keepPer, expected] of Object.entries(one.groups ?? {})) {
        const { groupOf } = await createRules({ keep: 1, keepPer });
        const groups: Record<string, string[]> = {};
        for (const tag of one.tags.toSorted()) {
          const group = groupOf(tag);
          if (group !== undefined) groups[group] = [...(groups[group] ?? []), tag];
        }
        expect(groups, keepPer).toEqual(expected);
      }
    });
  }
});

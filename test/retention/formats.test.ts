import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { parseEcr } from '../../src/retention/formats/ecr.ts';
import { parseGar } from '../../src/retention/formats/gar.ts';
import { parseGitLab } from '../../src/retention/formats/gitlab.ts';
import { parseHarbor } from '../../src/retention/formats/harbor.ts';
import { parseRules } from '../../src/retention/formats/index.ts';
import { DAY, type ToolImage, type ToolPolicy } from '../../src/retention/formats/types.ts';
import { parseZot } from '../../src/retention/formats/zot.ts';
import { loadVectors } from './vectors.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');

interface Aged {
  readonly pushedAgoSeconds?: number;
  readonly pulledAgoSeconds?: number | null;
  readonly noStatistics?: boolean;
}

const timesOf = ({ pushedAgoSeconds = 0, pulledAgoSeconds, noStatistics }: Aged) => ({
  time: noStatistics === true ? undefined : NOW - pushedAgoSeconds * 1000,
  pulled: typeof pulledAgoSeconds === 'number' ? NOW - pulledAgoSeconds * 1000 : null,
});

/**
 * Some lists have one tag on several images, which no repository has: each image is asked about last,
 * so that the answer for its tag is its own.
 */
function decided(policy: ToolPolicy | undefined, images: readonly ToolImage[]) {
  const keeps = (image: ToolImage): boolean => {
    if (policy === undefined) return true;
    const others = images.filter((one) => one !== image);
    const { tags, untagged } = policy.decide([...others, image], NOW);
    return image.tags.length === 0
      ? untagged.get(image.digest)?.keep !== false
      : image.tags.some((tag) => tags.get(tag)?.keep !== false);
  };
  return {
    kept: images.filter(keeps).map(nameOf),
    gone: images.filter((image) => !keeps(image)).map(nameOf),
  };
}

const nameOf = ({ digest }: ToolImage): string => digest;

interface EcrCase {
  readonly name: string;
  readonly policy: unknown;
  readonly images: readonly {
    readonly name: string;
    readonly tags: readonly string[];
    readonly pushedDaysAgo: number;
    readonly referencedBy?: string;
  }[];
  readonly expected: {
    readonly error?: string;
    readonly keep: readonly string[];
    readonly expire: object;
  };
}

describe("ECR's lifecycle policies", () => {
  const { cases } = loadVectors('ecr') as { readonly cases: readonly EcrCase[] };
  for (const { name, policy, images, expected } of cases) {
    it(`decides: ${name}`, () => {
      if (expected.error !== undefined) {
        expect(() => parseEcr(policy)).toThrow(/^cannot use the rules: /u);
        return;
      }
      // Of images of one day the first in the list is the newest.
      const seen = images.map((one, at) => ({
        digest: one.name as Digest,
        tags: one.tags,
        time: NOW - one.pushedDaysAgo * DAY - at,
        pulled: undefined,
      }));
      const { gone } = decided(parseEcr(policy)('app'), seen);
      // What an index lists is protected by the plan: test/retention/plan.test.ts.
      const listed = images.filter((one) => one.referencedBy !== undefined).map((one) => one.name);
      expect(gone.filter((one) => !listed.includes(one)).toSorted()).toEqual(
        Object.keys(expected.expire).toSorted(),
      );
    });
  }
});

interface GarCase {
  readonly name: string;
  readonly policies: unknown;
  readonly images: readonly {
    readonly name: string;
    readonly package: string;
    readonly version: string;
    readonly tags: readonly string[];
    readonly ageDays: number;
  }[];
  readonly expected: { readonly error?: string; readonly delete: object };
}

describe("Artifact Registry's cleanup policies", () => {
  const { cases } = loadVectors('gar') as { readonly cases: readonly GarCase[] };
  for (const { name, policies, images, expected } of cases) {
    it(`decides: ${name}`, () => {
      if (expected.error !== undefined) {
        expect(() => parseGar(policies)).toThrow(/^cannot use the rules: /u);
        return;
      }
      const gone = [...new Set(images.map((one) => one.package))].flatMap((repository) => {
        const own = images.filter((one) => one.package === repository);
        const seen = own.map(({ version, tags, ageDays }) => ({
          digest: version as Digest,
          tags,
          time: NOW - ageDays * DAY,
          pulled: undefined,
        }));
        const found = new Set(decided(parseGar(policies)(repository), seen).gone);
        return own.filter((one) => found.has(one.version));
      });
      expect(gone.map((one) => one.name).toSorted()).toEqual(
        Object.keys(expected.delete).toSorted(),
      );
    });
  }
});

interface GitLabCase {
  readonly name: string;
  readonly policy: unknown;
  readonly tags: readonly {
    readonly name: string;
    readonly createdDaysAgo: number;
    readonly manifest: boolean;
  }[];
  readonly expected: { readonly delete: readonly string[] };
}

describe("GitLab's cleanup policies", () => {
  const { cases } = loadVectors('gitlab') as { readonly cases: readonly GitLabCase[] };
  for (const { name, policy, tags, expected } of cases) {
    it(`decides: ${name}`, async () => {
      // A tag without a manifest is none that the reader finds; 1970 is no date.
      const seen = tags
        .filter((one) => one.manifest)
        .map((one) => ({
          digest: one.name as Digest,
          tags: [one.name],
          time: one.createdDaysAgo > 20_000 ? undefined : NOW - one.createdDaysAgo * DAY,
          pulled: undefined,
        }));
      const { gone } = decided((await parseGitLab(policy))('app'), seen);
      expect(gone.toSorted()).toEqual([...expected.delete].toSorted());
    });
  }
});

interface HarborCase {
  readonly name: string;
  readonly repository: string;
  readonly rules: unknown;
  readonly artifacts: readonly (Aged & {
    readonly digest: Digest;
    readonly tags: readonly string[];
  })[];
  readonly expected: { readonly error?: string; readonly keep: readonly string[] };
}

/** Where regctl does otherwise on purpose. */
const HARBOR_DIFFERS: Readonly<Record<string, string>> = {
  'a parameter as a string takes the default':
    'a number that is written as text is refused: Harbor would keep ten where one was meant',
};

describe("Harbor's retention rules", () => {
  const { cases } = loadVectors('harbor') as { readonly cases: readonly HarborCase[] };
  for (const { name, repository, rules, artifacts, expected } of cases) {
    it(`decides: ${name}`, () => {
      if (expected.error !== undefined || name in HARBOR_DIFFERS) {
        expect(() => parseHarbor(rules)).toThrow(/^cannot use the rules: /u);
        return;
      }
      const seen = artifacts.map((one) => ({
        digest: one.digest,
        tags: one.tags,
        ...timesOf(one),
      }));
      const { kept } = decided(parseHarbor(rules)(repository), seen);
      expect(kept.toSorted()).toEqual([...expected.keep].toSorted());
    });
  }
});

interface ZotCase {
  readonly name: string;
  readonly repository: string;
  readonly rules: unknown;
  readonly images: readonly (Aged & { readonly digest: Digest; readonly tag: string | null })[];
  readonly expected: {
    readonly keepTags: readonly string[];
    readonly keepUntagged: readonly string[];
    readonly deleteUntagged: readonly string[];
  };
}

const ZOT_DIFFERS: Readonly<Record<string, string>> = {
  'no policy matches the repository':
    'a repository that no policy names is left alone: zot deletes its untagged manifests',
  'a pattern that does not compile matches nothing':
    'a pattern that does not compile is refused: zot would delete every tag',
};

describe("zot's retention", () => {
  const { cases } = loadVectors('zot') as { readonly cases: readonly ZotCase[] };
  for (const { name, repository, rules, images, expected } of cases) {
    it(`decides: ${name}`, async () => {
      if (name.startsWith('a pattern that does not compile')) {
        await expect(parseZot(rules)).rejects.toThrow(/^cannot use the rules: /u);
        return;
      }
      const seen = images.map((one) => ({
        digest: (one.tag ?? one.digest) as Digest,
        tags: one.tag === null ? [] : [one.tag],
        ...timesOf(one),
      }));
      const { kept } = decided((await parseZot(rules))(repository), seen);
      const differs = name in ZOT_DIFFERS ? expected.deleteUntagged : [];
      expect(kept.toSorted()).toEqual(
        [...expected.keepTags, ...expected.keepUntagged, ...differs].toSorted(),
      );
    });
  }
});

describe('files of rules', () => {
  const yaml = [
    'rules:',
    '  - repositories: [team/*]',
    '    keep: 3',
    '    keep-tag: [latest, 3.10]',
    '    older-than: 30d',
    '  - repositories: ["**"]',
    '    olderThan: 90d',
  ].join('\n');

  it('ours: the first rule whose repositories match; a scalar is the text that was written', async () => {
    const policyFor = await parseRules(yaml, 'rules.yaml');
    expect(policyFor('r.example/team/app')).not.toBe(policyFor('r.example/other'));
    expect(policyFor('r.example/team/app')?.needsDates).toBe(true);
    const only = await parseRules('rules: [{ repositories: [a], keep: 1 }]', 'x');
    expect(only('r.example/b')).toBeUndefined();
  });

  it.each([
    ['keep: many', '"keep" is not a whole number'],
    ['kept: 3', '"kept" is no key of a rule'],
    ['prerelease: yes', '"prerelease" is true or false'],
    ['rules: 3', '"rules" is not a list'],
    ['rules: [{ keep: 1 }]\nkeep: 2', '"keep" is next to "rules"'],
    ['keep: [', 'cannot read x'],
    ['{}', 'no rule selects'],
  ])('ours: %s is refused', async (text, message) => {
    await expect(parseRules(text, 'x')).rejects.toThrow(message);
  });

  it.each([
    ['{"rules":[{"rulePriority":1}]}', /tagStatus/u],
    ['[{"template":"nothing"}]', /selectors of a Harbor rule/u],
    ['[{"name":"x","action":{"type":"drop"}}]', /Keep or Delete/u],
    ['{"policies":[{"keepTags":3}]}', /keepTags is not a list/u],
    ['{"name_regex":"("}', /name_regex/u],
  ])('%s is told by its keys', async (text, message) => {
    await expect(parseRules(text, 'x')).rejects.toThrow(message);
  });
});

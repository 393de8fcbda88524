import { describe, expect, it } from 'vitest';
import { digestOf, isDigest, type Digest } from '../../src/oci/digest.ts';
import { createPolicy } from '../../src/retention/flags.ts';
import { planPrune } from '../../src/retention/plan.ts';
import { readRepository } from '../../src/retention/read/repository.ts';
import type { RuleWords } from '../../src/retention/rules.ts';
import type { Plan } from '../../src/retention/types.ts';
import { vectorStore } from './vector-store.ts';
import { loadVectors, wordsOf, type VectorManifest, type VectorRepository } from './vectors.ts';

/** What other programs decide, in regctl's own options. */
async function planOf(repo: VectorRepository, words: RuleWords): Promise<Plan> {
  const policy = await createPolicy(words);
  const facts = await readRepository(vectorStore(repo), {
    concurrency: 4,
    dates: true,
    mustList: policy.needsList,
  });
  return planPrune(facts, policy, {
    now: Date.parse(repo.now),
    protected: { digests: new Set(), inUse: new Set() },
    untagOnly: false,
    maxDelete: undefined,
    allowEmpty: true,
    check: false,
    moved: new Set(),
  });
}

const goneTags = (plan: Plan): string[] =>
  [...plan.tags].filter(([, one]) => one.verdict === 'delete').map(([tag]) => tag);

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

interface ResticCase {
  readonly name: string;
  readonly regctl: readonly string[];
  readonly times: readonly string[];
  readonly expected: { readonly keep: readonly number[] };
}

describe("restic's calendar", () => {
  const { cases } = loadVectors('restic') as { readonly cases: readonly ResticCase[] };
  for (const { name, regctl, times, expected } of cases) {
    it(`keeps the same of ${name}, or differs as the vectors say`, async () => {
      const blobs: Record<Digest, string> = {};
      const manifests: Record<Digest, VectorManifest> = {};
      const tags: Record<string, Digest> = {};
      for (const [i, created] of times.entries()) {
        const config = JSON.stringify({ created, number: i });
        const digest = digestOf(Buffer.from(config));
        blobs[digest] = config;
        const text = JSON.stringify({
          schemaVersion: 2,
          mediaType: IMAGE,
          config: { mediaType: CONFIG, digest, size: Buffer.byteLength(config) },
          layers: [],
        });
        tags[`t${i}`] = digestOf(Buffer.from(text));
        manifests[digestOf(Buffer.from(text))] = { type: IMAGE, text };
      }
      const newest = Math.max(...times.map((time) => Date.parse(time)));
      const plan = await planOf(
        {
          repository: 'r',
          now: new Date(newest).toISOString(),
          registry: { untag: true, list: true },
          tags,
          manifests,
          blobs,
          cases: [],
        },
        wordsOf(regctl),
      );
      const kept = [...plan.tags].filter(([, one]) => one.verdict === 'keep');
      const numbers = kept.map(([tag]) => Number(tag.slice(1))).toSorted((a, b) => a - b);
      expect(numbers).toEqual(expected.keep);
    });
  }
});

interface AcrCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly images: readonly {
    readonly digest: Digest;
    readonly updatedAgoSeconds: number;
    readonly manifest: string;
    readonly tags: readonly {
      readonly name: string;
      readonly updatedAgoSeconds: number;
      readonly locked: boolean;
    }[];
  }[];
  readonly expected: {
    readonly deleteTags: readonly string[];
    readonly deleteManifests: readonly Digest[];
  };
}

/** Where regctl does otherwise on purpose: such an age is exit 64. */
const ACR_DIFFERS: Readonly<Record<string, string>> = {
  'days, hours and minutes': 'a length of time is written in weeks, days and hours',
  'an age that cannot be read': 'acr-cli takes 150 years',
};

describe('acr purge', () => {
  const { cases } = loadVectors('acr') as { readonly cases: readonly AcrCase[] };
  const now = Date.parse('2026-06-01T12:00:00Z');
  const at = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
  for (const { name, argv, images, expected } of cases) {
    it(`deletes the same tags in ${name}, or differs with a reason`, async () => {
      const option = (flag: string): string | undefined => {
        const index = argv.indexOf(flag);
        return index < 0 ? undefined : argv[index + 1];
      };
      const keep = option('--keep');
      const onlyUntagged = argv.includes('--untagged-only');
      const words: RuleWords = onlyUntagged
        ? { untagged: true, grace: '0h', olderThan: option('--ago') }
        : {
            tag: [`/${option('--filter')?.replace(/^r:/u, '') ?? ''}/`],
            olderThan: option('--ago'),
            keep: keep === undefined ? undefined : Number(keep),
          };
      if (name in ACR_DIFFERS) {
        await expect(createPolicy(words)).rejects.toMatchObject({ exitStatus: 64 });
        return;
      }
      const pushed = images.flatMap((image) =>
        image.tags.map((tag) => [tag.name, at(tag.updatedAgoSeconds)] as const),
      );
      const plan = await planOf(
        {
          repository: 'r',
          now: new Date(now).toISOString(),
          registry: { untag: true, list: true },
          tags: Object.fromEntries(
            images.flatMap(({ digest, tags }) => tags.map((tag) => [tag.name, digest])),
          ),
          tagPushed: Object.fromEntries(pushed),
          manifests: Object.fromEntries(
            images.map(({ digest, manifest, updatedAgoSeconds }) => {
              const { mediaType } = JSON.parse(manifest) as { mediaType: string };
              return [digest, { type: mediaType, text: manifest, pushed: at(updatedAgoSeconds) }];
            }),
          ),
          blobs: {},
          cases: [],
        },
        words,
      );
      if (onlyUntagged) {
        // Nothing goes that acr-cli would keep; it also takes what something refers to or lists.
        const more = [...plan.manifests.keys()].filter(
          (digest) => !expected.deleteManifests.includes(digest),
        );
        if (keep === undefined) expect(more).toEqual([]);
        return;
      }
      // A lock is known to ACR's own API only; the registry refuses the delete.
      const locked = images.flatMap(({ tags }) => tags.filter((one) => one.locked));
      const isOpen = (tag: string): boolean => !locked.some((one) => one.name === tag);
      expect(goneTags(plan).filter(isOpen).toSorted()).toEqual(
        expected.deleteTags.filter(isOpen).toSorted(),
      );
    });
  }
});

interface GhcrCase {
  readonly name: string;
  readonly repository: string;
  readonly config: {
    readonly keepNtagged?: number;
    readonly deleteTags?: string;
    readonly excludeTags?: string;
    readonly deleteUntagged?: boolean;
    readonly deleteOrphanedImages?: boolean;
    readonly deletePartialImages?: boolean;
    readonly olderThan?: number;
  };
  readonly harm: readonly {
    readonly tag?: string;
    readonly index?: Digest;
    readonly lostChild?: Digest;
    readonly referrer?: Digest;
    readonly lostSubject?: Digest;
  }[];
}

describe('ghcr-cleanup-action', () => {
  const { cases } = loadVectors('ghcr') as { readonly cases: readonly GhcrCase[] };
  const { repositories } = loadVectors('prune') as {
    readonly repositories: readonly VectorRepository[];
  };
  for (const { name, repository, config, harm } of cases) {
    it(`the same wish does no harm here: ${name}`, async () => {
      const repo = repositories.find((one) => one.repository === repository) as VectorRepository;
      const { keepNtagged, deleteTags, excludeTags, olderThan } = config;
      const tagRules: RuleWords = {
        ...(keepNtagged === undefined ? {} : { keep: keepNtagged }),
        ...(deleteTags === undefined ? {} : { tag: [deleteTags] }),
        ...(excludeTags === undefined ? {} : { keepTag: excludeTags.split(',') }),
        ...(olderThan === undefined ? {} : { olderThan: `${olderThan / 86_400_000}d` }),
      };
      const kinds: RuleWords = {
        untagged: config.deleteUntagged ?? false,
        orphans: config.deleteOrphanedImages ?? false,
        broken: config.deletePartialImages ?? false,
      };
      const isOfTags = Object.keys(tagRules).length > 0;
      if (!isOfTags && !repo.registry.list) return;
      const plan = await planOf(repo, isOfTags ? tagRules : kinds);
      const gone = new Set(plan.manifests.keys());
      for (const { tag, index, lostChild, referrer, lostSubject } of harm) {
        const target = tag === undefined ? undefined : repo.tags[tag];
        if (tag !== undefined && plan.tags.get(tag)?.verdict !== 'delete')
          expect(target !== undefined && gone.has(target), tag).toBe(false);
        if (index !== undefined && lostChild !== undefined && !gone.has(index))
          expect(gone.has(lostChild)).toBe(false);
        if (referrer !== undefined && lostSubject !== undefined && gone.has(lostSubject))
          expect(gone.has(referrer) || Object.values(repo.tags).includes(referrer)).toBe(true);
      }
      for (const digest of gone) expect(isDigest(digest)).toBe(true);
    });
  }
});

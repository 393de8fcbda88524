import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { createPolicy } from '../../src/retention/flags.ts';
import { planPrune } from '../../src/retention/plan.ts';
import type { RuleWords } from '../../src/retention/rules.ts';
import type { ManifestFacts, RepositoryFacts } from '../../src/retention/types.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const days = (ago: number): string => new Date(NOW - ago * 86_400_000).toISOString();
const digest = (tag: string): Digest => digestOf(Buffer.from(tag));

/** Tags with the age of their push and of their last pull; null: never pulled. */
function factsOf(
  images: Readonly<Record<string, readonly [pushed: number, pulled: number | null | undefined]>>,
): RepositoryFacts {
  const manifests = Object.entries(images).map(([tag, [pushed, pulled]]): ManifestFacts => ({
    digest: digest(tag),
    mediaType: MEDIA_TYPE.ociManifest,
    size: 1,
    children: [],
    attestations: [],
    subject: undefined,
    blobs: [],
    isIndex: false,
    annotated: undefined,
    created: undefined,
    pushed: days(pushed),
    pulled: typeof pulled === 'number' ? days(pulled) : pulled,
  }));
  return {
    repository: 'r.example/app',
    tags: new Map(Object.keys(images).map((tag) => [tag, digest(tag)])),
    tagPushed: new Map(),
    manifests: new Map(manifests.map((one) => [one.digest, one])),
    listed: true,
    untags: true,
  };
}

async function keptBy(
  words: RuleWords,
  facts: RepositoryFacts,
  listed: readonly Digest[] = [],
): Promise<readonly string[]> {
  const plan = planPrune(facts, await createPolicy(words), {
    now: NOW,
    protected: { digests: new Set(), listed: new Set(listed), inUse: new Set() },
    untagOnly: false,
    maxDelete: undefined,
    allowEmpty: true,
    check: false,
    moved: new Set(),
  });
  return [...plan.tags].filter(([, one]) => one.verdict === 'keep').map(([tag]) => tag);
}

describe('rules about pulls', () => {
  const facts = factsOf({
    used: [300, 2],
    idle: [300, 90],
    'never-old': [300, null],
    'never-new': [1, null],
  });

  it('--keep-pulled-within keeps what was pulled, or pushed and not pulled yet', async () => {
    expect(await keptBy({ keepPulledWithin: '30d' }, facts)).toEqual(['used', 'never-new']);
  });

  it('--sort pulled orders by the last pull, and what was never pulled by its push', async () => {
    expect(await keptBy({ keep: 3, sort: 'pulled' }, facts)).toEqual(['used', 'idle', 'never-new']);
  });

  it('is a usage error where a registry does not say when one of them was pulled', async () => {
    const some = factsOf({ used: [300, 2], unknown: [300, undefined] });
    for (const words of [{ keepPulledWithin: '30d' }, { keep: 1, sort: 'pulled' }] as const) {
      await expect(keptBy(words, some)).rejects.toMatchObject({
        code: 'USAGE',
        message: 'this registry does not say when an image was pulled',
      });
    }
    // What the selectors leave out needs no pull time.
    expect(await keptBy({ keepPulledWithin: '30d', tag: ['used'] }, some)).toEqual([
      'used',
      'unknown',
    ]);
  });
});

it('--sort pushed and --sort created choose the clock, and no other fits', async () => {
  const { clock } = await createPolicy({ keep: 1, sort: 'pushed' });
  expect(clock).toBe('pushed');
  await expect(createPolicy({ keep: 1, sort: 'created', clock: 'pushed' })).rejects.toMatchObject({
    code: 'USAGE',
  });
});

it('--protect-file keeps what is listed, and --explain says so', async () => {
  const facts = factsOf({ a: [300, 300], b: [300, 300] });
  expect(await keptBy({ olderThan: '30d' }, facts, [digest('b')])).toEqual(['b']);
});

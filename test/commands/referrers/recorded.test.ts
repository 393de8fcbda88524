import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run } from '../../../src/commands/referrers/run.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { describeManifest, parseManifest } from '../../../src/oci/manifest.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import { fakeContext, input, jsonOf, textOf } from '../fake-context.ts';

interface Discovered {
  readonly digest: string;
  readonly artifactType?: string;
  readonly referrers: readonly Discovered[];
}

interface Recorded {
  readonly image: { readonly text: string };
  readonly manifests: readonly { readonly digest: string; readonly text: string }[];
  readonly fallback: Readonly<Record<string, { readonly manifests: readonly Descriptor[] }>>;
  readonly api: Readonly<Record<string, readonly Descriptor[]>>;
  readonly discover: Discovered;
  readonly deleted: string;
  readonly discoverAfter: Discovered;
}

const RECORDED = JSON.parse(
  readFileSync(new URL('../../vectors/artifacts/trees.json', import.meta.url), 'utf8'),
) as Recorded;

async function storeOf(view: 'api' | 'fallback', deleted?: string): Promise<ReadStore> {
  const memory = createMemoryStore('r.example/app');
  for (const { text, digest } of [
    ...RECORDED.manifests,
    { text: RECORDED.image.text, digest: '' },
  ]) {
    const raw = Buffer.from(text);
    const descriptor = describeManifest(parseManifest(raw));
    if (digest === deleted) continue;
    await memory.push(sourceFromBytes(descriptor, raw), digest === '' ? { tag: '1' } : {});
  }
  const listed = (digest: Digest): readonly Descriptor[] =>
    view === 'api'
      ? (RECORDED.api[digest] ?? [])
      : (RECORDED.fallback[digest.replace(':', '-')]?.manifests ?? []);
  const referrers = {
    async *referrers(digest: Digest) {
      yield* listed(digest).filter((one) => one.digest !== deleted);
    },
  };
  return { ...memory, capabilities: { ...memory.capabilities, referrers } };
}

const referrers = async (from: ReadStore, options = {}) =>
  run(fakeContext({ openRead: async () => from }), input(['r.example/app:1'], options), {});

const shape = ({ digest, artifactType, referrers: below }: Discovered): unknown => [
  digest,
  artifactType ?? null,
  below.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)).map(shape),
];

it.each(['api', 'fallback'] as const)(
  'shows what oras discover showed, level by level, also after a deletion (%s)',
  async (view) => {
    const jsonForm = 'oras';
    const before = jsonOf(await referrers(await storeOf(view), { jsonForm })) as Discovered;
    expect(shape(before)).toEqual(shape(RECORDED.discover));
    const after = await referrers(await storeOf(view, RECORDED.deleted), { jsonForm });
    expect(shape(jsonOf(after) as Discovered)).toEqual(shape(RECORDED.discoverAfter));
  },
);

it('names a Notation signature, and says that it is not verified', async () => {
  const text = textOf(await referrers(await storeOf('fallback')));
  expect(text).toMatch(/Notation signature \(not verified\)/u);
});

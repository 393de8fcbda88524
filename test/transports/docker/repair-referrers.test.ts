import { expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import type { Repository } from '../../../src/registry/types.ts';
import { createReferrersTag } from '../../../src/transports/docker/referrers-tag.ts';
import { repairReferrers } from '../../../src/transports/docker/repair-referrers.ts';
import { blob, image, index, type TestImage } from '../../helpers/graphs.ts';

const root = image({ layers: [blob('root')] });
const about = (text: string, subject: Descriptor = root.descriptor): TestImage =>
  image({ layers: [blob(text)], subject, artifactType: `application/${text}` });
const [one, two] = [about('one'), about('two')];
const stranger = about('stranger', one.descriptor);
const tag = root.descriptor.digest.replace(':', '-');

interface World {
  /** What the API lists once it was put; undefined: no API. */
  readonly api?: 'complete' | 'silent' | 'forgetful';
  readonly entries?: readonly TestImage[];
  readonly gone?: TestImage;
  readonly canUntag?: boolean;
}

/** A repository that had fallback tags, and perhaps has gained the API. */
function repositoryOf({ api, entries = [one, two], gone, canUntag = true }: World) {
  const listed: Descriptor[] = [];
  const puts: string[] = [];
  const content = new Map<string, { raw: Uint8Array; descriptor: Descriptor }>();
  for (const { data, descriptor } of entries) {
    if (descriptor.digest !== gone?.descriptor.digest) {
      content.set(descriptor.digest, { raw: data, descriptor });
    }
  }
  const list = index(entries);
  content.set(tag, { raw: list.data, descriptor: list.descriptor });
  const headers = { get: () => undefined, all: () => [] };
  const some: Partial<Repository> = {
    registry: 'r.example',
    name: 'app',
    getManifest: async (ref) => {
      const found = content.get(ref);
      if (found === undefined) throw new AppError('MANIFEST_UNKNOWN', `${ref} does not exist`);
      return { ...found, headers: headers as never };
    },
    putManifest: async (ref, raw, mediaType) => {
      puts.push(ref);
      const digest = (content.get(ref)?.descriptor.digest ?? ref) as Descriptor['digest'];
      content.set(ref, { raw, descriptor: { mediaType, digest, size: raw.byteLength } });
      if (api === 'complete') listed.push({ mediaType, digest, size: raw.byteLength });
      return { digest, subjectHandled: api === 'complete' || api === 'forgetful' };
    },
    referrersByApi: async () => (api === undefined ? undefined : [...listed]),
    deleteTag: async (name) => {
      if (!canUntag) throw new AppError('UNTAG_UNSUPPORTED', 'no');
      content.delete(name);
    },
  };
  return { repository: some as Repository, puts, content };
}

async function repair(world: World, deleteTag = false) {
  const { repository, puts, content } = repositoryOf(world);
  const options = { deleteTag, concurrency: 2 };
  const referrersTag = createReferrersTag(repository);
  const run = () => repairReferrers(repository, referrersTag, root.descriptor.digest, options);
  return { result: await run(), again: run, puts, content };
}

const digests = [one, two].map(({ descriptor }) => descriptor.digest);

it('completes the entries where there is no API, once', async () => {
  const { result, again, puts, content } = await repair({});
  expect(result).toMatchObject({ hasApi: false, completed: digests, moved: [] });
  expect(puts).toEqual([tag]);
  const written = JSON.parse(Buffer.from(content.get(tag)?.raw ?? []).toString()) as {
    readonly manifests: readonly Descriptor[];
  };
  expect(written.manifests.map(({ artifactType }) => artifactType)).toEqual([
    'application/one',
    'application/two',
  ]);
  expect(await again()).toMatchObject({ completed: [] });
  expect(puts).toEqual([tag]);
});

it('puts each manifest again where there is an API, and then removes the tag if asked to', async () => {
  const { result, again, puts, content } = await repair({ api: 'complete' });
  expect(result).toMatchObject({ hasApi: true, moved: digests, tagDeleted: false });
  expect(puts.toSorted()).toEqual([...digests].toSorted());
  expect(content.has(tag)).toBe(true);
  expect(await again()).toMatchObject({ moved: digests });
  expect(puts).toHaveLength(2);
  const removed = await repair({ api: 'complete' }, true);
  expect(removed.result.tagDeleted).toBe(true);
  expect(removed.content.has(tag)).toBe(false);
});

it.each([
  ['the answer carries no OCI-Subject', { api: 'silent' }],
  ['the API does not list it', { api: 'forgetful' }],
] as const)('counts nothing as moved if %s, and keeps the tag', async (_what, world) => {
  const { result, content } = await repair(world, true);
  expect(result).toMatchObject({ hasApi: true, moved: [], tagDeleted: false });
  expect(content.has(tag)).toBe(true);
});

it.each([
  ['an entry is gone', { api: 'complete', gone: two }, [digests[0]]],
  ['an entry has another subject', { api: 'complete', entries: [one, stranger] }, [digests[0]]],
  ['the registry cannot remove a tag', { api: 'complete', canUntag: false }, digests],
] as const)('keeps the tag if %s', async (_what, world, moved) => {
  const { result, content } = await repair(world, true);
  expect(result).toMatchObject({ moved, tagDeleted: false });
  expect(content.has(tag)).toBe(true);
});

it('leaves entries alone that are gone', async () => {
  const { result } = await repair({ gone: two });
  expect(result).toMatchObject({ completed: [digests[0]], missing: [digests[1]] });
});

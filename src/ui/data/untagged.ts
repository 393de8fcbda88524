import type { Digest } from '../../oci/digest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ListedManifest } from '../../store/types.ts';
import { mapParallel } from '../../util/parallel.ts';
import { nameMatcher } from './filter.ts';
import { completeRows, readRows, type TagsReader } from './tag-rows.ts';
import { MAX_READ, pageOf, type TagList, type TagsPage, type TagsQuery } from './tags.ts';

/**
 * Manifests that no tag and no index names, the last pushed first.
 * @throws AppError UNSUPPORTED if the registry does not list manifests
 */
export async function readUntagged(
  reader: TagsReader,
  { names }: TagList,
  query: TagsQuery,
): Promise<TagsPage> {
  const { store, signal, concurrency } = reader;
  const all: ListedManifest[] = [];
  for await (const one of store.capabilities.inventory?.manifests({ signal }) ?? []) all.push(one);
  const tagged = await readRows(reader, names.slice(0, MAX_READ), names);
  const named = new Set<Digest | undefined>(tagged.map(({ digest }) => digest));
  const indexes = all.filter(({ descriptor }) => isIndexType(descriptor.mediaType));
  const children = await mapParallel(
    indexes,
    concurrency,
    async ({ descriptor }, call) => {
      const manifest = await fetchManifest(store, descriptor, call);
      return manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : [];
    },
    { signal },
  );
  for (const digest of children.flat()) named.add(digest);
  const matches = nameMatcher(query.filter);
  const found = all
    .filter(({ descriptor }) => !named.has(descriptor.digest) && matches(descriptor.digest))
    .toSorted((a, b) => (b.pushed ?? '').localeCompare(a.pushed ?? ''));
  const { items, ...place } = pageOf(found, query.page);
  const rows = items.map(({ descriptor: { digest } }) => ({
    tags: [],
    digest,
    facts: reader.cache.get(digest),
    attached: [],
    problem: undefined,
  }));
  return {
    matching: found.length,
    read: found.length,
    unread: 0,
    rows: await completeRows(reader, rows),
    ...place,
    sort: query.sort,
    limited: names.length > MAX_READ,
  };
}

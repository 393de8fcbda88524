import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ReadStore, TagLister } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Location } from '../transports/types.ts';
import { mapParallel } from '../util/parallel.ts';

/** @throws AppError UNSUPPORTED if the store cannot list tags */
export function tagListerOf(store: ReadStore): TagLister {
  const { tags } = store.capabilities;
  if (tags !== undefined) return tags;
  throw new AppError('UNSUPPORTED', `${store.label} cannot list tags`);
}

/** @throws AppError INVALID_REFERENCE if a tag or digest was written */
export function requireRepository(location: Location, written: string): void {
  if (location.ref === undefined) return;
  const name = location.scheme === 'docker' ? location.name : `${location.scheme}:${location.name}`;
  throw new AppError('INVALID_REFERENCE', `"${written}" names an image, not a repository`, {
    hint: `Without tag and digest: ${name}`,
  });
}

export interface TagLookupOptions extends CallOptions {
  /** Concurrent tag lookups. */
  readonly concurrency: number;
}

/**
 * Finds those of `tags` that point to `digest`: by the store's list of digests, which may lag behind
 * a tag that has just moved, else by one request each.
 */
export async function tagsWithDigest(
  store: ReadStore,
  tags: readonly string[],
  digest: Digest,
  { concurrency, ...options }: TagLookupOptions,
): Promise<string[]> {
  const listed = await listedDigests(store, tags, options);
  const found = await mapParallel(
    tags,
    concurrency,
    async (tag, call) => listed.get(tag) ?? (await resolveOrGone(store, tag, call))?.digest,
    options,
  );
  return tags.filter((_tag, i) => found[i] === digest);
}

/** For fewer tags, a page of a list costs as many requests as it spares. */
const WORTH_A_PAGE = 4;

/**
 * Reads the store's list of digests while that takes fewer requests than a lookup of each tag;
 * empty if it has none.
 */
export async function listedDigests(
  store: ReadStore,
  tags: readonly string[],
  options: CallOptions,
): Promise<ReadonlyMap<string, Digest>> {
  const wanted = new Set(tags);
  const found = new Map<string, Digest>();
  const lister = store.capabilities.tags?.digests;
  if (lister === undefined || wanted.size < WORTH_A_PAGE) return found;
  try {
    let pages = 0;
    for await (const page of lister(options)) {
      for (const { tag, digest } of page) if (wanted.has(tag)) found.set(tag, digest);
      pages += 1;
      if (found.size === wanted.size || pages * WORTH_A_PAGE > wanted.size) break;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
  }
  return found;
}

/** Resolves a tag; `undefined` if it was removed after it was listed. */
export async function resolveOrGone(
  store: ReadStore,
  tag: string,
  options: CallOptions,
): Promise<Descriptor | undefined> {
  try {
    return await store.resolve(tag, options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

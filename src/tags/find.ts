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

/** Finds those of `tags` that point to `digest`: one request each. */
export async function tagsWithDigest(
  store: ReadStore,
  tags: readonly string[],
  digest: Digest,
  { concurrency, ...options }: TagLookupOptions,
): Promise<string[]> {
  const roots = await mapParallel(
    tags,
    concurrency,
    (tag, call) => resolveOrGone(store, tag, call),
    options,
  );
  return tags.filter((_tag, i) => roots[i]?.digest === digest);
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

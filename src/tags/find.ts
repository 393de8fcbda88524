import { AppError } from '../errors/app-error.ts';
import type { Digest } from '../oci/digest.ts';
import type { CallOptions, ReadStore, TagLister } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import { mapParallel } from '../util/parallel.ts';

/** @throws AppError UNSUPPORTED where the store cannot list tags */
export function tagListerOf(store: ReadStore): TagLister {
  const { tags } = store.capabilities;
  if (tags !== undefined) return tags;
  throw new AppError('UNSUPPORTED', `${store.label} cannot list tags`);
}

/** @throws AppError INVALID_REFERENCE when a tag or digest was written */
export function requireRepository(location: Location, written: string): void {
  if (location.ref === undefined) return;
  const name = location.scheme === 'docker' ? location.name : `${location.scheme}:${location.name}`;
  throw new AppError('INVALID_REFERENCE', `"${written}" names an image, not a repository`, {
    hint: `Without tag and digest: ${name}`,
  });
}

/** Those of `tags` that point at `digest`: one look-up each, `limit` at a time. */
export async function tagsWithDigest(
  store: ReadStore,
  tags: readonly string[],
  digest: Digest,
  limit: number,
  options: CallOptions,
): Promise<string[]> {
  const digests = await mapParallel(
    tags,
    limit,
    (tag, call) => digestOfTag(store, tag, call),
    options,
  );
  return tags.filter((_tag, i) => digests[i] === digest);
}

/** `undefined` for a tag that went away after it was listed. */
export async function digestOfTag(
  store: ReadStore,
  tag: string,
  options: CallOptions,
): Promise<Digest | undefined> {
  try {
    return (await store.resolve(tag, options)).digest;
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

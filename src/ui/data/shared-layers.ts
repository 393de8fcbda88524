import type { ImageManifest } from '../../oci/manifest.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { AppError } from '../../errors/app-error.ts';
import { fetchManifest } from '../../store/manifests.ts';
import { openPlatformIndex, selectPlatform } from '../../store/platforms.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { compareVersions } from '../../tags/order.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { listTags } from './tags.ts';
import { OF_ONE_IMAGE, type TagsReader } from './tag-rows.ts';

/** Tags that are read: two requests for each. */
export const MAX_TAGS = 50;

export interface SharedLayers {
  /** Other tags with a layer; those of the same image are left out. */
  readonly tagsOf: ReadonlyMap<Digest, readonly string[]>;
  /** Tags that were read. */
  readonly read: number;
  readonly total: number;
}

export interface SharedLayersQuery {
  /** The manifest of the tag that is shown: other tags of it share every layer. */
  readonly root: Digest;
  readonly platform: Platform;
}

/** Finds which other tags of a repository have the layers of an image, the highest versions first. */
export async function readSharedLayers(
  reader: TagsReader,
  { root, platform }: SharedLayersQuery,
): Promise<SharedLayers> {
  const { store, concurrency, signal } = reader;
  const { names } = await listTags(store, { signal });
  const tags = names.filter((name) => !isDigestTag(name)).toSorted((a, b) => compareVersions(b, a));
  const wanted = tags.slice(0, MAX_TAGS);
  const found = await mapParallel(
    wanted,
    concurrency,
    async (tag, call) => ({ tag, layers: await layersOf(reader, tag, { root, platform }, call) }),
    { signal },
  );
  const tagsOf = new Map<Digest, string[]>();
  for (const { tag, layers } of found) {
    for (const digest of new Set(layers)) {
      const known = tagsOf.get(digest);
      if (known === undefined) tagsOf.set(digest, [tag]);
      else known.push(tag);
    }
  }
  return { tagsOf, read: wanted.length, total: tags.length };
}

async function layersOf(
  { store }: TagsReader,
  tag: string,
  { root, platform }: SharedLayersQuery,
  call: CallOptions,
): Promise<readonly Digest[]> {
  try {
    const found = await store.resolve(tag, { ...call, purpose: 'content', trustAbsence: true });
    if (found.digest === root) return [];
    const manifest = await fetchManifest(store, found, call);
    const image =
      manifest.kind === 'index'
        ? (await selectPlatform(openPlatformIndex(store, manifest), platform, call))?.chosen
            .manifest
        : manifest;
    return image?.kind === 'image' ? digestsOf(image) : [];
  } catch (error) {
    call.signal?.throwIfAborted();
    // A tag whose manifest is gone or invalid shares nothing.
    if (error instanceof AppError && OF_ONE_IMAGE.has(error.code)) return [];
    throw error;
  }
}

const digestsOf = ({ layers }: ImageManifest): readonly Digest[] =>
  layers.map(({ digest }) => digest);

import { openImage } from '../../image/view.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { IndexTraversal } from '../../store/index-traversal.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';

/** An image, then the indexes that contain it by digest, innermost first. */
export type Chain = readonly [Descriptor, ...Descriptor[]];

export interface ChainOptions extends CallOptions {
  /** The platform whose image is meant; otherwise the name's own manifest is. */
  readonly platform?: Platform | undefined;
  readonly host: Platform;
}

/**
 * Finds what a name stands for, and the indexes on the way, on verified bytes.
 * @throws AppError as openImage does
 */
export async function chainOf(
  store: ReadStore,
  ref: string | undefined,
  { platform, host, ...call }: ChainOptions,
): Promise<Chain> {
  if (platform === undefined) return [await store.resolve(ref, call)];
  const { root, rootManifest, descriptor } = await openImage(store, ref, {
    ...call,
    platform,
    host,
  });
  if (descriptor.digest === root.digest) return [root];
  const traversal = new IndexTraversal(store.label);
  const above = await indexesAbove(
    store,
    { descriptor: root, manifest: rootManifest },
    descriptor.digest,
    {
      ...call,
      traversal,
      depth: 0,
    },
  );
  return [descriptor, ...(above ?? [])];
}

interface Opened {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

interface Search extends CallOptions {
  readonly traversal: IndexTraversal;
  readonly depth: number;
}

/** The indexes from the one that lists `digest` up to `index`; `undefined` if none lists it. */
async function indexesAbove(
  store: ReadStore,
  index: Opened,
  digest: Digest,
  search: Search,
): Promise<readonly Descriptor[] | undefined> {
  const { descriptor, manifest } = index;
  if (manifest.kind !== 'index') return undefined;
  search.traversal.enter(manifest, search.depth);
  if (manifest.manifests.some((one) => one.digest === digest)) return [descriptor];
  for (const child of manifest.manifests) {
    if (!isIndexType(child.mediaType) || !search.traversal.visit(child)) continue;
    const inner = { descriptor: child, manifest: await fetchManifest(store, child, search) };
    const path = await indexesAbove(store, inner, digest, { ...search, depth: search.depth + 1 });
    if (path !== undefined) return [...path, descriptor];
  }
  return undefined;
}

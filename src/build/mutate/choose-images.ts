import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isImageType, isIndexType } from '../../oci/media-types.ts';
import { matchesPlatform, type Platform } from '../../oci/platform.ts';
import { isAttestation, platformOfConfig, readConfig } from '../../store/index-entries.ts';
import { IndexTraversal } from '../../store/index-traversal.ts';
import { platformUnknownError } from '../../store/platforms.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { BuiltStore } from '../built-store.ts';

interface IndexSite {
  readonly store: ReadStore;
  readonly index: IndexManifest;
  readonly text: string;
}

const PARALLEL = 6;

/**
 * The digests of the images of an index, at every level of it: those of the wanted platforms, or all.
 * @throws AppError PLATFORM_UNKNOWN, INVALID_MANIFEST if indexes are nested too deep
 */
export async function chooseImages(
  built: BuiltStore,
  site: IndexSite,
  wanted: readonly Platform[],
  call: CallOptions,
): Promise<ReadonlySet<Digest>> {
  const { store, text, index } = site;
  const all = await imagesIn(built, site, index, new IndexTraversal(text), 0, call);
  if (wanted.length === 0) return new Set(all.map(({ digest }) => digest));
  const named = await mapParallel(
    all,
    PARALLEL,
    async (one, own) => ({
      digest: one.digest,
      platform: one.platform ?? (await platformOf(built, store, one, own)),
    }),
    call,
  );
  return new Set(
    wanted.flatMap((platform) => {
      const matching = named.filter(
        (one) => one.platform !== undefined && matchesPlatform(platform, one.platform),
      );
      if (matching.length > 0) return matching.map(({ digest }) => digest);
      const available = named.flatMap((one) => one.platform ?? []);
      throw platformUnknownError(text, platform, available);
    }),
  );
}

async function imagesIn(
  built: BuiltStore,
  site: IndexSite,
  index: IndexManifest,
  traversal: IndexTraversal,
  depth: number,
  call: CallOptions,
): Promise<readonly Descriptor[]> {
  traversal.enter(index, depth);
  const found: Descriptor[] = [];
  for (const child of index.manifests) {
    const isImage = isImageType(child.mediaType) && child.artifactType === undefined;
    if (isImage && !isAttestation(child)) found.push(child);
    if (!isIndexType(child.mediaType) || !traversal.visit(child)) continue;
    const inner = await built.read(site.store, child, call);
    if (inner.kind !== 'index') continue;
    found.push(...(await imagesIn(built, site, inner, traversal, depth + 1, call)));
  }
  return found;
}

async function platformOf(
  built: BuiltStore,
  store: ReadStore,
  descriptor: Descriptor,
  call: CallOptions,
): Promise<Platform | undefined> {
  const manifest = await built.read(store, descriptor, call);
  if (manifest.kind !== 'image') return undefined;
  return platformOfConfig(await readConfig(store, manifest.config, store.label, call));
}

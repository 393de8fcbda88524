import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageManifest, IndexManifest, Manifest } from '../oci/manifest.ts';
import { isImageConfigType, isImageType } from '../oci/media-types.ts';
import {
  choosePlatforms,
  formatPlatform,
  matchesPlatform,
  type Platform,
} from '../oci/platform.ts';
import { indexEntries, isAttestation, platformOfConfig, type IndexEntry } from './index-entries.ts';
import { IndexTraversal } from './index-traversal.ts';
import { fetchManifest } from './manifests.ts';
import type { CallOptions } from '../util/abort.ts';
import type { ReadStore } from './types.ts';

/** An image of an index with its platform, which the entry or its configuration declares. */
export interface PlatformEntry extends IndexEntry {
  readonly platform: Platform;
}

export interface ChosenManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** An index and the platforms of its images, which are read once, at the first use. */
export interface PlatformIndex {
  readonly store: ReadStore;
  readonly index: IndexManifest;
  entries(options?: CallOptions): Promise<readonly IndexEntry[]>;
}

export function openPlatformIndex(store: ReadStore, index: IndexManifest): PlatformIndex {
  let kept: Promise<readonly IndexEntry[]> | undefined;
  return {
    store,
    index,
    entries(options) {
      kept ??= indexEntries(store, index, options).catch((error: unknown) => {
        kept = undefined;
        throw error;
      });
      return kept;
    },
  };
}

/** The images of an index: entries with a platform, without attestations. */
export function imagesOf(entries: readonly IndexEntry[]): readonly PlatformEntry[] {
  return entries.filter(
    (entry): entry is PlatformEntry =>
      entry.platform !== undefined && !isAttestation(entry.descriptor, entry.platform),
  );
}

/**
 * Finds the image for `wanted`, with a note about other images that match. The platforms that the
 * index declares are enough if they match; otherwise nested indexes and configurations are read.
 * `undefined` if there is none.
 * @throws AppError like fetchManifest
 */
export async function selectPlatform(
  from: PlatformIndex,
  wanted: Platform,
  options?: CallOptions,
): Promise<{ readonly chosen: ChosenManifest; readonly note: string | undefined } | undefined> {
  const declared = from.index.manifests.map((descriptor) => ({
    descriptor,
    platform: descriptor.platform,
    raw: descriptor,
  }));
  const quick = imagesOf(declared).filter(({ platform }) => matchesPlatform(wanted, platform));
  const images = quick.length > 0 ? quick : imagesOf(await from.entries(options));
  const matching = choosePlatforms(images, wanted);
  const [best] = matching;
  if (best === undefined) return undefined;
  const chosen = await readEntry(from.store, best.descriptor, wanted, options);
  return chosen === undefined ? undefined : { chosen, note: choiceNote(wanted, matching) };
}

/** An entry with a platform is an image, or sometimes an index of it and its attestations. */
async function readEntry(
  store: ReadStore,
  descriptor: Descriptor,
  wanted: Platform,
  options: CallOptions | undefined,
  traversal: IndexTraversal = new IndexTraversal(store.label),
  depth = 0,
): Promise<ChosenManifest | undefined> {
  const manifest = await fetchManifest(store, descriptor, options);
  if (manifest.kind !== 'index') return { descriptor, manifest };
  traversal.enter(manifest, depth);
  const [inner] = choosePlatforms(imagesOf(await indexEntries(store, manifest, options)), wanted);
  if (inner === undefined || !traversal.visit(inner.descriptor)) return undefined;
  return readEntry(store, inner.descriptor, wanted, options, traversal, depth + 1);
}

/** Describes a choice that the name of the platform left open. */
export function choiceNote(
  wanted: Platform,
  matching: readonly PlatformEntry[],
): string | undefined {
  const [best, ...others] = matching.map(({ platform }) => platform);
  if (best === undefined) return undefined;
  if (!matchesPlatform(wanted, best)) {
    return `there is no image for ${formatPlatform(wanted)}: using ${formatPlatform(best)}, which runs there`;
  }
  const versions = others.filter((one) => one['os.version'] !== best['os.version']);
  if (versions.length === 0) return undefined;
  const rest = versions.map(formatPlatform).join(', ');
  return `${formatPlatform(wanted)} has ${matching.length} images with different os.version: using ${formatPlatform(best)}, not ${rest}`;
}

/** The default entry if no platform was requested and neither host nor linux/amd64 exists. */
export function defaultImage(entries: readonly IndexEntry[]): Descriptor | undefined {
  const real = entries.filter(
    ({ descriptor, platform }) =>
      !isAttestation(descriptor, platform) && isImageType(descriptor.mediaType),
  );
  return (real.find(({ platform }) => platform !== undefined) ?? real[0])?.descriptor;
}

/**
 * Checks a single image against all of `wanted`; returns a note for each that an older variant
 * satisfies. Artifacts name no platform, so nothing can contradict.
 * @throws AppError PLATFORM_UNKNOWN, INVALID_CONFIG
 */
export async function requirePlatforms(
  { config, mediaType }: ImageManifest,
  wanted: readonly Platform[],
  where: string,
  configBytes: () => Promise<Uint8Array>,
): Promise<readonly string[]> {
  if (!isImageConfigType(config.mediaType)) return [];
  const platform = platformOfConfig(await configBytes());
  const self = { descriptor: { ...config, mediaType }, platform, raw: undefined };
  return wanted.flatMap((one) => {
    const matching = choosePlatforms([self], one);
    const [found] = matching;
    if (found?.platform === undefined)
      throw platformUnknownError(where, one, platform === undefined ? [] : [platform]);
    return choiceNote(one, [{ ...found, platform: found.platform }]) ?? [];
  });
}

export function platformUnknownError(
  where: string,
  wanted: Platform,
  available: readonly Platform[],
): AppError {
  const names = [...new Set(available.map(formatPlatform))];
  const asked = formatPlatform(wanted);
  return new AppError('PLATFORM_UNKNOWN', `${where} has no image for the platform ${asked}`, {
    hint:
      names.length === 0
        ? 'No image in it names a platform.'
        : `Available platforms: ${names.join(', ')}.`,
    details: { platform: asked, available: names },
  });
}

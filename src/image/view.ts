import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageManifest, Manifest } from '../oci/manifest.ts';
import type { Platform } from '../oci/platform.ts';
import { fetchManifest } from '../store/manifests.ts';
import { readConfig } from '../store/index-entries.ts';
import {
  defaultImage,
  imagesOf,
  openPlatformIndex,
  platformUnknownError,
  requirePlatforms,
  selectPlatform,
  type ChosenManifest,
  type PlatformEntry,
  type PlatformIndex,
} from '../store/platforms.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { parseImageConfig, type ImageConfig } from './config.ts';

export interface ViewOptions extends CallOptions {
  /** The platform to show; an error if the index lacks it. */
  readonly platform?: Platform | undefined;
  /** Shown by default if an index has it; then linux/amd64, then the first image. */
  readonly host: Platform;
}

/** One image for display: what the name points to, and the platform that is shown. */
export interface ImageView {
  readonly root: Descriptor;
  readonly rootManifest: Manifest;
  /** The image of the platform that is shown; the root itself if it is a single image. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** A sentence about what the choice of this image left open. */
  readonly note: string | undefined;
  /**
   * Images of the index and of nested ones, in their order, attestations left out; none for a
   * single image.
   */
  platforms(options?: CallOptions): Promise<readonly PlatformEntry[]>;
  /**
   * Returns the verified configuration, fetched once.
   * @throws AppError INVALID_CONFIG above 4 MiB
   */
  configBytes(options?: CallOptions): Promise<Uint8Array>;
  /** @throws AppError INVALID_CONFIG */
  config(options?: CallOptions): Promise<ImageConfig>;
}

const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * Opens an image for inspection: one manifest request, two for an index. The configuration takes
 * one more if it is read, or if a single image is checked against `platform`.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN, INVALID_MANIFEST, UNSUPPORTED (schema 1)
 * @example
 * import { createClient } from '@regctl/cli';
 * import { openImage } from '@regctl/cli/copy';
 * import { parsePlatform } from '@regctl/cli/oci';
 *
 * await using client = createClient();
 * await using store = await client.openRead('alpine');
 * const image = await openImage(store, '3.20', { host: parsePlatform('linux/amd64') });
 * console.log((await image.config()).architecture);
 */
export async function openImage(
  store: ReadStore,
  ref: string | undefined,
  options: ViewOptions,
): Promise<ImageView> {
  const call = { signal: options.signal };
  const root = await store.resolve(ref, { ...call, purpose: 'content' });
  const rootManifest = await fetchManifest(store, root, call);
  const where = `${ref ?? root.digest} in ${store.label}`;
  const index = rootManifest.kind === 'index' ? openPlatformIndex(store, rootManifest) : undefined;
  const { descriptor, manifest, note } =
    index === undefined
      ? { descriptor: root, manifest: rootManifest }
      : await chooseImage(index, where, options);
  if (manifest.kind !== 'image') throw noImage(where, manifest);

  const { config } = manifest;
  const configBytes = lazily((own?: CallOptions) => readConfig(store, config, where, own));
  const wanted = options.platform === undefined || index !== undefined ? [] : [options.platform];
  const notes =
    wanted.length === 0
      ? []
      : await requirePlatforms(manifest, wanted, where, () => configBytes(call));
  return {
    root,
    rootManifest,
    descriptor,
    manifest,
    note: note ?? notes[0],
    platforms: async (own) => (index === undefined ? [] : imagesOf(await index.entries(own))),
    configBytes,
    config: async (own) => parseImageConfig(await configBytes(own)),
  };
}

interface ChosenImage extends ChosenManifest {
  readonly note?: string | undefined;
}

async function chooseImage(
  index: PlatformIndex,
  where: string,
  { platform, host, signal }: ViewOptions,
): Promise<ChosenImage> {
  const wanted = platform === undefined ? [host, DEFAULT_PLATFORM] : [platform];
  for (const one of wanted) {
    const found = await selectPlatform(index, one, { signal });
    if (found !== undefined)
      return { ...found.chosen, note: platform === undefined ? undefined : found.note };
  }
  const entries = await index.entries({ signal });
  const first = platform === undefined ? defaultImage(entries) : undefined;
  if (first !== undefined) {
    return { descriptor: first, manifest: await fetchManifest(index.store, first, { signal }) };
  }
  const available = imagesOf(entries).map((entry) => entry.platform);
  throw platformUnknownError(where, platform ?? host, available);
}

/** Keeps the first success; after a failure, the next call tries again. */
function lazily<T>(
  read: (options?: CallOptions) => Promise<T>,
): (options?: CallOptions) => Promise<T> {
  let kept: Promise<T> | undefined;
  return (options) => {
    kept ??= read(options).catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}

function noImage(where: string, { kind }: Manifest): AppError {
  return kind === 'schema1'
    ? new AppError('UNSUPPORTED', `${where} is a Docker schema 1 image`, {
        hint: 'Its manifest can be printed (regctl manifest), but it has no configuration to show.',
      })
    : new AppError('UNSUPPORTED', `${where} is an index inside an index, without an image`);
}

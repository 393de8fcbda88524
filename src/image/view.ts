import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageManifest, IndexManifest, Manifest } from '../oci/manifest.ts';
import { isImageConfigType } from '../oci/media-types.ts';
import { matchesPlatform, type Platform } from '../oci/platform.ts';
import { fetchManifest } from '../store/manifests.ts';
import {
  defaultImage,
  MAX_CONFIG_BYTES,
  platformOfConfig,
  platformsOf,
  platformUnknownError,
  selectPlatform,
  type ChosenManifest,
  type PlatformEntry,
} from '../store/platforms.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { fetchAll } from '../store/verify.ts';
import { parseImageConfig, type ImageConfig } from './config.ts';

export interface ViewOptions extends CallOptions {
  /** Shown if there, else an error. */
  readonly platform?: Platform | undefined;
  /** Shown by default where an index has it; then linux/amd64, then the first image. */
  readonly host: Platform;
}

/** One image as a person looks at it: what the name points at, and the platform shown of it. */
export interface ImageView {
  readonly root: Descriptor;
  readonly rootManifest: Manifest;
  /** The image of the platform shown; the root itself when that is a single image. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  /** Of the index, in its order, attestations left out; empty for a single image. */
  readonly platforms: readonly PlatformEntry[];
  /** Verified bytes, fetched once. @throws AppError INVALID_CONFIG above 4 MiB */
  configBytes(options?: CallOptions): Promise<Uint8Array>;
  /** @throws AppError INVALID_CONFIG */
  config(options?: CallOptions): Promise<ImageConfig>;
}

const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * Opens an image for inspection: one manifest request, two for an index; the configuration is one
 * more when it is asked for, or when a single image is checked against `platform`.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN, INVALID_MANIFEST, UNSUPPORTED (schema 1)
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
  const { descriptor, manifest } =
    rootManifest.kind === 'index'
      ? await chooseImage(store, rootManifest, where, options)
      : { descriptor: root, manifest: rootManifest };
  if (manifest.kind !== 'image') throw noImage(where, manifest);

  const configBytes = lazily((own?: CallOptions) => readConfig(store, manifest, where, own));
  if (options.platform !== undefined && rootManifest.kind !== 'index') {
    await checkPlatform(manifest, options.platform, where, () => configBytes(call));
  }
  return {
    root,
    rootManifest,
    descriptor,
    manifest,
    platforms: rootManifest.kind === 'index' ? platformsOf(rootManifest) : [],
    configBytes,
    config: async (own) => parseImageConfig(await configBytes(own)),
  };
}

async function chooseImage(
  store: ReadStore,
  index: IndexManifest,
  where: string,
  { platform, host, signal }: ViewOptions,
): Promise<ChosenManifest> {
  const wanted = platform === undefined ? [host, DEFAULT_PLATFORM] : [platform];
  for (const one of wanted) {
    const chosen = await selectPlatform(store, index, one, { signal });
    if (chosen !== undefined) return chosen;
  }
  const first = platform === undefined ? defaultImage(index) : undefined;
  if (first !== undefined) {
    return { descriptor: first, manifest: await fetchManifest(store, first, { signal }) };
  }
  const available = platformsOf(index).map((entry) => entry.platform);
  throw platformUnknownError(where, platform ?? host, available);
}

/** Artifacts name no platform, so there is nothing to contradict. */
async function checkPlatform(
  manifest: ImageManifest,
  wanted: Platform,
  where: string,
  config: () => Promise<Uint8Array>,
): Promise<void> {
  if (!isImageConfigType(manifest.config.mediaType)) return;
  const actual = platformOfConfig(await config());
  if (actual !== undefined && matchesPlatform(wanted, actual)) return;
  throw platformUnknownError(where, wanted, actual === undefined ? [] : [actual]);
}

async function readConfig(
  store: ReadStore,
  { config }: ImageManifest,
  where: string,
  options?: CallOptions,
): Promise<Uint8Array> {
  if (config.size > MAX_CONFIG_BYTES) {
    throw new AppError('INVALID_CONFIG', `${where}: its configuration is larger than 4 MiB`);
  }
  return fetchAll(store, config, options);
}

/** Keeps the first success; a failure is tried again by the next call. */
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

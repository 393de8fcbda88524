import { AppError } from '../../errors/app-error.ts';
import { parseImageConfig, type ImageConfig } from '../../image/config.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { choosePlatforms, type Platform } from '../../oci/platform.ts';
import { isAttestation, readConfig, type IndexEntry } from '../../store/index-entries.ts';
import { fetchManifest } from '../../store/manifests.ts';
import { defaultImage, imagesOf, openPlatformIndex } from '../../store/platforms.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';

/** An image as its page shows it: the manifest of the name, and one platform of it. */
export interface ImageFacts {
  readonly root: Descriptor;
  readonly rootManifest: Manifest;
  /** Entries of an index, and of indexes in it; empty for a single image. */
  readonly images: readonly IndexEntry[];
  readonly attestations: readonly IndexEntry[];
  /** The manifest that is shown; the root itself if it is no index. */
  readonly shown: Descriptor | undefined;
  readonly manifest: Manifest | undefined;
  readonly config: ImageConfig | undefined;
  /** Why a part of the image cannot be shown. */
  readonly problems: readonly AppError[];
}

export interface ImageQuery {
  /** Tag or digest; `undefined`: the default tag. */
  readonly ref: string | undefined;
  /** Digest of the entry to show; default: the image for this machine. */
  readonly child: string | undefined;
  readonly host: Platform;
}

/**
 * Reads an image: one request for a manifest, two more for an index, one for the configuration.
 * @throws AppError if the name itself cannot be read; parts that cannot are `problems`
 */
export async function readImage(
  store: ReadStore,
  { ref, child, host }: ImageQuery,
  options: CallOptions,
): Promise<ImageFacts> {
  const problems: AppError[] = [];
  const attempt = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const root = await store.resolve(ref, { ...options, purpose: 'content' });
  const rootManifest = await fetchManifest(store, root, options);
  const index = rootManifest.kind === 'index' ? rootManifest : undefined;
  const entries = index && (await attempt(() => openPlatformIndex(store, index).entries(options)));
  const images = (entries ?? []).filter((one) => !isAttestation(one.descriptor, one.platform));
  const shown = index === undefined ? root : chooseEntry(images, child, host);
  const manifest =
    index === undefined || shown === undefined
      ? index === undefined
        ? rootManifest
        : undefined
      : await attempt(() => fetchManifest(store, shown, options));
  const config =
    manifest?.kind === 'image' && isImageConfigType(manifest.config.mediaType)
      ? await attempt(async () =>
          parseImageConfig(await readConfig(store, manifest.config, store.label, options)),
        )
      : undefined;
  return {
    root,
    rootManifest,
    images,
    attestations: (entries ?? []).filter((one) => !images.includes(one)),
    shown,
    manifest,
    config,
    problems,
  };
}

function chooseEntry(
  images: readonly IndexEntry[],
  child: string | undefined,
  host: Platform,
): Descriptor | undefined {
  if (child !== undefined && isDigest(child)) {
    return images.find(({ descriptor }) => descriptor.digest === child)?.descriptor;
  }
  const [best] = choosePlatforms(imagesOf(images), host);
  return best?.descriptor ?? defaultImage(images) ?? images[0]?.descriptor;
}

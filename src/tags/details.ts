import { AppError } from '../errors/app-error.ts';
import { buildTime, isOneForAll } from '../oci/created.ts';
import { openImage, type ImageView, type ViewOptions } from '../image/view.ts';
import type { Digest } from '../oci/digest.ts';
import { isImageConfigType } from '../oci/media-types.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { createSingleFlight } from '../util/single-flight.ts';
import { configPlatform } from '../image/config.ts';
import { mapParallel } from '../util/parallel.ts';
import { isDigestTag } from './digest-tags.ts';
import { resolveOrGone, type TagLookupOptions } from './find.ts';

/** One line of `tags --long`, as JSON. Unknown values are null. */
export interface TagDetails {
  readonly Name: string;
  /** `null`, like all following members, if the manifest of a listed tag is gone. */
  readonly Digest: string | null;
  readonly MediaType: string | null;
  /** The date in the image, its annotations or labels; `null` also for reproducible builds. */
  readonly Created: string | null;
  /** Bytes of the configuration and layers of the platform that is shown. */
  readonly Size: number | null;
  readonly Platforms: readonly string[];
}

/** Which image is described if a tag has images for several platforms. */
export interface DetailsOptions extends TagLookupOptions, ViewOptions {}

export type ImageInfo = Pick<TagDetails, 'Created' | 'Size' | 'Platforms'>;

/** image-spec v1.1.1 annotations.md "Pre-Defined Annotation Keys" */
const CREATED = 'org.opencontainers.image.created';

const NO_INFO: ImageInfo = { Created: null, Size: null, Platforms: [] };

/**
 * Describes tags in the given order. Each tag is resolved by HEAD; each digest is read once,
 * however many tags share it, because Docker Hub counts those requests as pulls.
 */
export async function describeTags(
  store: ReadStore,
  tags: readonly string[],
  options: DetailsOptions,
): Promise<TagDetails[]> {
  const { concurrency, platform, host, signal } = options;
  const once = createSingleFlight<ImageInfo>();
  const known = new Map<string, ImageInfo>();
  const describe = async (tag: string, call: CallOptions): Promise<TagDetails> => {
    const root = await resolveOrGone(store, tag, call);
    if (root === undefined) return { Name: tag, Digest: null, MediaType: null, ...NO_INFO };
    const { digest, mediaType } = root;
    const facts =
      known.get(digest) ??
      (await once(digest, () => describeImage(store, digest, { ...call, platform, host })));
    known.set(digest, facts);
    return { Name: tag, Digest: digest, MediaType: mediaType, ...facts };
  };
  return withoutSharedDate(await mapParallel(tags, concurrency, describe, { signal }));
}

/** Drops a date that all images of a list share: a reproducible build set it. */
function withoutSharedDate(all: readonly TagDetails[]): TagDetails[] {
  const dates = new Map(
    all.flatMap(({ Name, Digest, Created }) =>
      Created === null || isDigestTag(Name) ? [] : [[Digest, Created]],
    ),
  );
  const isShared = isOneForAll([...dates.values()]);
  return all.map((one) => (isShared && dates.has(one.Digest) ? { ...one, Created: null } : one));
}

/** Why an image with a tag may have no details: schema 1, another platform, not an image. */
const UNDESCRIBED: ReadonlySet<string> = new Set([
  'UNSUPPORTED',
  'PLATFORM_UNKNOWN',
  'INVALID_MANIFEST',
  'INVALID_CONFIG',
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
]);

/** Describes the image of a digest; unknown values are null, also for what is no image. */
export async function describeImage(
  store: ReadStore,
  digest: Digest,
  options: ViewOptions,
): Promise<ImageInfo> {
  try {
    return await readImageInfo(await openImage(store, digest, options), options);
  } catch (error) {
    if (error instanceof AppError && UNDESCRIBED.has(error.code)) return NO_INFO;
    throw error;
  }
}

async function readImageInfo(view: ImageView, options: CallOptions): Promise<ImageInfo> {
  const { manifest } = view;
  const config = isImageConfigType(manifest.config.mediaType)
    ? await view.config(options)
    : undefined;
  const own = config === undefined ? undefined : configPlatform(config);
  const listed = (await view.platforms(options)).map(({ platform }) => formatPlatform(platform));
  return {
    Created:
      [
        config?.created,
        manifest.annotations?.[CREATED],
        view.rootManifest.annotations?.[CREATED],
        config?.labels?.[CREATED],
      ].find((text) => buildTime(text) !== undefined) ?? null,
    Size: manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size),
    Platforms: listed.length > 0 || own === undefined ? listed : [formatPlatform(own)],
  };
}

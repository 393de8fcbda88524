import { AppError } from '../errors/app-error.ts';
import { configPlatform, parseImageConfig, type HistoryEntry, type ImageConfig } from './config.ts';
import type { ImageView } from './view.ts';
import { isImageConfigType } from '../oci/media-types.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { PlatformEntry } from '../store/platforms.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';

/** JSON of `inspect`: skopeo's keys in its order (skopeo 1.22 inspect/output.go), then ours. */
export interface Inspection {
  readonly Name?: string;
  readonly Tag?: string;
  /** Digest of the manifest that the name points to: the index if there is one. */
  readonly Digest: string;
  readonly RepoTags: readonly string[];
  readonly Created: string | null;
  readonly DockerVersion: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Architecture: string;
  readonly Os: string;
  readonly Layers: readonly string[];
  readonly LayersData: readonly InspectedLayer[];
  readonly Env: readonly string[] | null;
  readonly MediaType: string;
  /** What an artifact is; null for a runnable image. */
  readonly ArtifactType: string | null;
  /** Digest of the manifest of the shown platform. */
  readonly ManifestDigest: string;
  readonly ConfigDigest: string;
  readonly Variant: string;
  /** Stored size of configuration and layers, in bytes. */
  readonly Size: number;
  readonly Platforms: readonly InspectedPlatform[];
  readonly History: readonly InspectedStep[];
}

/** A layer of the image that is shown. */
export interface InspectedLayer {
  readonly MIMEType: string;
  readonly Digest: string;
  readonly Size: number;
  readonly Annotations: Readonly<Record<string, string>> | null;
}

/** An image of the index. */
export interface InspectedPlatform {
  /** `OS/ARCH[/VARIANT][:OSVERSION]` */
  readonly Platform: string;
  readonly Digest: string;
  readonly MediaType: string;
  /** Size of the platform's manifest, in bytes. */
  readonly Size: number;
}

/** A step of the image's history. */
export interface InspectedStep {
  readonly Created: string | null;
  readonly CreatedBy: string;
  readonly Comment: string;
  readonly EmptyLayer: boolean;
}

export interface InspectedName {
  /** "docker.io/library/busybox"; empty for an image outside a registry. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly tags: readonly string[];
}

export function describeImage(
  view: ImageView,
  config: ImageConfig,
  { name, tag, tags }: InspectedName,
  platforms: readonly PlatformEntry[],
): Inspection {
  const { manifest, root, descriptor } = view;
  return {
    ...(name === '' ? {} : { Name: name }),
    ...(tag === undefined ? {} : { Tag: tag }),
    Digest: root.digest,
    RepoTags: tags,
    Created: config.created ?? null,
    DockerVersion: config.dockerVersion ?? '',
    Labels: config.labels === undefined ? null : sorted(config.labels),
    Architecture: config.architecture ?? '',
    Os: config.os ?? '',
    Layers: manifest.layers.map((layer) => layer.digest),
    LayersData: manifest.layers.map((layer) => ({
      MIMEType: layer.mediaType,
      Digest: layer.digest,
      Size: layer.size,
      Annotations: layer.annotations === undefined ? null : sorted(layer.annotations),
    })),
    Env: config.env.length === 0 ? null : config.env,
    MediaType: root.mediaType,
    ArtifactType: artifactTypeOf(manifest),
    ManifestDigest: descriptor.digest,
    ConfigDigest: manifest.config.digest,
    Variant: config.variant ?? '',
    Size: manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size),
    Platforms: platformsOf(view, config, platforms),
    History: config.history.map(stepOf),
  };
}

/** The type of the configuration is that of the artifact, unless the manifest names one. */
function artifactTypeOf({ artifactType, config }: ImageView['manifest']): string | null {
  return artifactType ?? (isImageConfigType(config.mediaType) ? null : config.mediaType);
}

/** Sorts by key, as Go prints a map. */
function sorted(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function stepOf({ created, createdBy, comment, emptyLayer }: HistoryEntry): InspectedStep {
  return {
    Created: created ?? null,
    CreatedBy: createdBy ?? '',
    Comment: comment ?? '',
    EmptyLayer: emptyLayer,
  };
}

/** Lists a single image as its only platform, so that scripts need no special case. */
function platformsOf(
  view: ImageView,
  config: ImageConfig,
  platforms: readonly PlatformEntry[],
): readonly InspectedPlatform[] {
  if (view.rootManifest.kind === 'index') {
    return platforms.map(({ platform, descriptor }) => ({
      Platform: formatPlatform(platform),
      Digest: descriptor.digest,
      MediaType: descriptor.mediaType,
      Size: descriptor.size,
    }));
  }
  const platform = configPlatform(config);
  if (platform === undefined) return [];
  const { digest, mediaType, size } = view.descriptor;
  return [{ Platform: formatPlatform(platform), Digest: digest, MediaType: mediaType, Size: size }];
}

/** Parses only an image's configuration: that of an artifact may not even be JSON. */
export async function readImageConfig(view: ImageView, options: CallOptions): Promise<ImageConfig> {
  return isImageConfigType(view.manifest.config.mediaType)
    ? view.config(options)
    : parseImageConfig(Buffer.from('{}'));
}

/** Error codes of registries that allow reading an image but not listing its tags. */
const NO_LIST: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'UNSUPPORTED',
  'REPOSITORY_UNKNOWN',
]);

/** Lists the tags for `RepoTags`; reports in `warn` why there are none. */
export async function listRepoTags(
  store: ReadStore,
  warn: (text: string) => void,
  options: CallOptions,
): Promise<readonly string[]> {
  const { tags } = store.capabilities;
  if (tags === undefined) return [];
  try {
    const pages = (async function* () {
      for await (const page of tags.tags(options)) yield* page;
    })();
    return await Array.fromAsync(pages);
  } catch (error) {
    if (!(error instanceof AppError) || !NO_LIST.has(error.code)) throw error;
    warn(`RepoTags is empty: ${error.message} (--no-tags does not ask for them)`);
    return [];
  }
}

import { AppError } from '../../errors/app-error.ts';
import { descriptorEntries, type Json } from '../../image/convert/edit-json.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageManifest, IndexManifest, Manifest } from '../../oci/manifest.ts';
import { isImageConfigType, isImageType, isIndexType } from '../../oci/media-types.ts';
import { formatPlatform, matchesPlatform, normalize, type Platform } from '../../oci/platform.ts';
import { isAttestation, platformOfConfig, readConfig } from '../../store/index-entries.ts';
import { IndexTraversal } from '../../store/index-traversal.ts';
import { manifestDocument, schema1Error } from '../../store/manifests.ts';
import { platformUnknownError } from '../../store/platforms.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import type { BuiltStore } from '../built-store.ts';
import { aboutOf, type ListedChild } from '../proofs.ts';

/** One child of a future index. */
export interface IndexChild extends ListedChild {
  /** As listed, else as its configuration says. */
  readonly platform: Platform | undefined;
  /** What the user named, for errors. */
  readonly source: string;
}

/** A source that the user named, with its root. */
export interface NamedRoot {
  readonly store: ReadStore;
  /** May carry a platform and annotations of the entry that it is to have. */
  readonly root: Descriptor;
  /** As written by the user. */
  readonly text: string;
}

export interface ReadSource extends NamedRoot {
  readonly manifest: ImageManifest | IndexManifest;
  readonly children: readonly IndexChild[];
}

/** Manifests and configurations read at a time. */
const PARALLEL = 6;

/**
 * The children that a source adds to an index: an image itself, or those of an index and of the
 * indexes in it, with their attestations. A platform that no entry names is read from the
 * configuration.
 * @throws AppError like fetchManifest; UNSUPPORTED for a schema 1 image
 */
export async function readSource(
  built: BuiltStore,
  source: NamedRoot,
  call: CallOptions,
): Promise<ReadSource> {
  const { store, root, text } = source;
  const manifest = await built.read(store, root, call);
  if (manifest.kind === 'schema1') throw schema1Error(store);
  const listed =
    manifest.kind === 'index'
      ? await flatten(built, source, manifest, new IndexTraversal(store.label), 0, call)
      : [entryOf(root, manifest)];
  const children = await mapParallel(
    listed,
    PARALLEL,
    (child, { signal }) => withPlatform(built, store, { ...child, source: text }, { signal }),
    call,
  );
  return { ...source, manifest, children };
}

/** Whether a source is what an index of `children` would be: nothing was left out or flattened. */
export function isWhole({ manifest }: ReadSource, children: readonly IndexChild[]): boolean {
  const listed = manifest.kind === 'index' ? manifest.manifests : undefined;
  return (
    listed?.length === children.length &&
    children.every(({ descriptor }, at) => descriptor.digest === listed[at]?.digest)
  );
}

/** The entry of an image that no index lists. */
function entryOf(root: Descriptor, manifest: ImageManifest): ListedChild {
  const { mediaType, digest, size, platform, annotations } = root;
  const descriptor = { mediaType, digest, size };
  const artifactType =
    manifest.artifactType ??
    (isImageConfigType(manifest.config.mediaType) ? undefined : manifest.config.mediaType);
  return {
    descriptor: root,
    entry: {
      ...descriptor,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(platform === undefined ? {} : { platform: platformJson(platform) }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

async function flatten(
  built: BuiltStore,
  source: NamedRoot,
  index: IndexManifest,
  traversal: IndexTraversal,
  depth: number,
  call: CallOptions,
): Promise<readonly ListedChild[]> {
  traversal.enter(index, depth);
  const entries = descriptorEntries(manifestDocument(index)['manifests']);
  const out: ListedChild[] = [];
  for (const [at, descriptor] of index.manifests.entries()) {
    built.take(descriptor, source.store);
    if (!isIndexType(descriptor.mediaType)) {
      out.push({ descriptor, entry: entries[at] ?? {} });
    } else if (traversal.visit(descriptor)) {
      const inner: Manifest = await built.read(source.store, descriptor, call);
      if (inner.kind !== 'index') continue;
      out.push(...(await flatten(built, source, inner, traversal, depth + 1, call)));
    }
  }
  return out;
}

async function withPlatform(
  built: BuiltStore,
  store: ReadStore,
  child: Omit<IndexChild, 'platform'>,
  call: CallOptions,
): Promise<IndexChild> {
  const { descriptor, entry } = child;
  const isKnown =
    descriptor.platform !== undefined ||
    isAttestation(descriptor) ||
    !isImageType(descriptor.mediaType);
  if (isKnown) return { ...child, platform: descriptor.platform };
  const manifest = await built.read(store, descriptor, call);
  if (manifest.kind !== 'image' || !isImageConfigType(manifest.config.mediaType))
    return { ...child, platform: undefined };
  const platform = platformOfConfig(await readConfig(store, manifest.config, store.label, call));
  if (platform === undefined) return { ...child, platform };
  return {
    ...child,
    platform,
    descriptor: { ...descriptor, platform },
    entry: { ...entry, platform: platformJson(platform) },
  };
}

/** The order of members in which Go's programs write a platform. */
function platformJson({ architecture, os, variant, ...rest }: Platform): Json {
  return { architecture, os, ...rest, ...(variant === undefined ? {} : { variant }) };
}

/**
 * Merges the children of several sources: the same one twice counts once. What one index lists is
 * not judged.
 * @throws AppError PLATFORM_CONFLICT for two images of one platform
 */
export function mergeChildren(lists: readonly (readonly IndexChild[])[]): readonly IndexChild[] {
  const out = new Map<string, IndexChild>();
  const byPlatform = new Map<string, IndexChild>();
  for (const child of lists.flat()) {
    const platform = platformKey(child);
    const key = `${child.descriptor.digest} ${platform ?? ''} ${aboutOf(child.descriptor) ?? ''}`;
    if (out.has(key)) continue;
    const other = platform === undefined ? undefined : byPlatform.get(platform);
    if (other !== undefined && lists.length > 1) throw conflict(child, other);
    if (platform !== undefined) byPlatform.set(platform, child);
    out.set(key, child);
  }
  return [...out.values()];
}

/** Buildah's annotation of the zstd image of a gzip and zstd pair. */
const ZSTD = 'io.github.containers.compression.zstd';

/** What an engine tells the children of an index apart by. */
function platformKey({ descriptor, platform }: IndexChild): string | undefined {
  if (platform === undefined || isAttestation(descriptor, platform)) return undefined;
  const { os, architecture, variant, ...rest } = normalize(platform);
  return JSON.stringify([
    os,
    architecture,
    variant ?? '',
    rest['os.version'] ?? '',
    (rest['os.features'] ?? []).toSorted(),
    descriptor.annotations?.[ZSTD] ?? '',
  ]);
}

function conflict(child: IndexChild, other: IndexChild): AppError {
  const name = formatPlatform(child.platform ?? { os: '', architecture: '' });
  return new AppError('PLATFORM_CONFLICT', `cannot list ${name} twice in one index`, {
    why: [other, child].map(({ source, descriptor }) => `${source} has ${descriptor.digest}`),
    hint: 'Leave out one of them, choose with --platform, or remove it first: regctl index remove',
    details: { platform: name, sources: [other.source, child.source] },
  });
}

/**
 * The children of the wanted platforms with their attestations; all if none is wanted.
 * @throws AppError PLATFORM_UNKNOWN
 */
export function filterChildren(
  children: readonly IndexChild[],
  wanted: readonly Platform[],
  where: string,
): readonly IndexChild[] {
  if (wanted.length === 0) return children;
  const images = imagesOf(children);
  const kept = new Set<IndexChild>(
    wanted.flatMap((platform) => {
      const matching = images.filter(
        (one) => one.platform !== undefined && matchesPlatform(platform, one.platform),
      );
      if (matching.length > 0) return matching;
      const available = images.flatMap((one) => one.platform ?? []);
      throw platformUnknownError(where, platform, available);
    }),
  );
  return withAttestations(children, kept);
}

/** The children that are images with a platform. */
export function imagesOf(children: readonly IndexChild[]): readonly IndexChild[] {
  return children.filter(
    ({ platform, descriptor }) => platform !== undefined && !isAttestation(descriptor, platform),
  );
}

/** `kept` and the attestations of what is kept, in the order of `children`. */
export function withAttestations(
  children: readonly IndexChild[],
  kept: ReadonlySet<IndexChild>,
): readonly IndexChild[] {
  const digests = new Set<string>([...kept].map(({ descriptor }) => descriptor.digest));
  return children.filter((one) => kept.has(one) || digests.has(aboutOf(one.descriptor) ?? ''));
}

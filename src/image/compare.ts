import type { Descriptor } from '../oci/descriptor.ts';
import type { ImageManifest, Manifest } from '../oci/manifest.ts';
import { formatPlatform, matchesPlatform, normalize, type Platform } from '../oci/platform.ts';
import { indexEntries, readConfig } from '../store/index-entries.ts';
import { fetchManifest, manifestDocument } from '../store/manifests.ts';
import { imagesOf, platformUnknownError } from '../store/platforms.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { isRecord } from '../util/json.ts';
import { configPlatform, parseImageConfig, type ImageConfig } from './config.ts';
import { compareTrees, type FileDifferences } from './files/compare-trees.ts';
import { HashedLayers } from './files/hashed-layers.ts';
import { checkIsImage, layersOf } from './files/image-files.ts';
import type { LayerSource } from './layer-bytes.ts';

/** One of the two images. */
export interface ComparedSide {
  readonly store: ReadStore;
  readonly ref: string | undefined;
  /** Where layers are read from. Default: the store. */
  readonly source?: LayerSource | undefined;
}

export interface CompareOptions extends CallOptions {
  /** Only this platform. */
  readonly platform?: Platform | undefined;
  /** Whether to leave the files out, and with them the layers. */
  readonly isFast?: boolean | undefined;
}

/** A value that differs, by its JSON pointer (RFC 6901). Null is the same as none. */
export interface ValueDifference {
  readonly pointer: string;
  readonly a: unknown;
  readonly b: unknown;
}

export interface LayerDifferences {
  /** Number of layers that both have. */
  readonly same: number;
  readonly onlyA: readonly Descriptor[];
  readonly onlyB: readonly Descriptor[];
}

/** A platform that both sides have. */
export interface PlatformDifferences {
  readonly platform: string;
  readonly only?: undefined;
  readonly digests: readonly [a: string, b: string];
  readonly manifest: readonly ValueDifference[];
  readonly config: readonly ValueDifference[];
  readonly layers: LayerDifferences;
  /** Absent if they were not compared. */
  readonly files: FileDifferences | undefined;
}

/** A platform that one side has. */
export interface PlatformOnOneSide {
  readonly platform: string;
  readonly only: 'a' | 'b';
}

export interface Comparison {
  readonly roots: readonly [a: Descriptor, b: Descriptor];
  /** Whether both are the same manifest. */
  readonly isEqual: boolean;
  /** Differences of the root manifests, but for their children. */
  readonly manifest: readonly ValueDifference[];
  readonly platforms: readonly (PlatformDifferences | PlatformOnOneSide)[];
}

/** An image of a side. */
interface Leaf {
  readonly platform: Platform | undefined;
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

interface OpenedSide extends ComparedSide {
  readonly root: Descriptor;
  readonly rootManifest: Manifest;
  readonly leaves: ReadonlyMap<string, Leaf>;
}

/**
 * Compares two images: manifests, configurations, layers and files of each platform. A layer that
 * both have is read once, and nothing is read of platforms that are the same.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN, UNSUPPORTED for what is no image; as readLayer
 */
export async function compareImages(
  a: ComparedSide,
  b: ComparedSide,
  options: CompareOptions = {},
): Promise<Comparison> {
  const [left, right] = await Promise.all([openSide(a, options), openSide(b, options)]);
  const names = [...new Set([...left.leaves.keys(), ...right.leaves.keys()])].toSorted();
  const platforms: (PlatformDifferences | PlatformOnOneSide)[] = [];
  for (const name of names) {
    const [one, other] = [left.leaves.get(name), right.leaves.get(name)];
    const both = one === undefined || other === undefined ? undefined : ([one, other] as const);
    if (both !== undefined) platforms.push(await compareLeaves(name, both, [left, right], options));
    else platforms.push({ platform: name, only: one === undefined ? 'b' : 'a' });
  }
  return {
    roots: [left.root, right.root],
    isEqual: left.root.digest === right.root.digest,
    manifest: valueDifferences(manifestFacts(left.rootManifest), manifestFacts(right.rootManifest)),
    platforms,
  };
}

async function openSide(side: ComparedSide, options: CompareOptions): Promise<OpenedSide> {
  return { ...side, ...(await openPlatforms(side.store, side.ref, options)) };
}

/**
 * The images of an index, or the only one, by platform.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN, UNSUPPORTED for what is no image
 */
export async function openPlatforms(
  store: ReadStore,
  ref: string | undefined,
  options: CompareOptions = {},
): Promise<Omit<OpenedSide, keyof ComparedSide>> {
  const call = { signal: options.signal };
  const root = await store.resolve(ref, { ...call, purpose: 'content' });
  const rootManifest = await fetchManifest(store, root, call);
  const found: Leaf[] = [];
  const listed =
    rootManifest.kind === 'index'
      ? imagesOf(await indexEntries(store, rootManifest, call))
      : [{ descriptor: root, platform: undefined }];
  const { platform: wanted } = options;
  for (const { descriptor, platform } of listed) {
    if (wanted !== undefined && platform !== undefined && !matchesPlatform(wanted, platform))
      continue;
    const leaf = await openLeaf(store, descriptor, platform, call);
    if (wanted === undefined || leaf.platform === undefined) found.push(leaf);
    else if (matchesPlatform(wanted, leaf.platform)) found.push(leaf);
  }
  const where = `${ref ?? root.digest} in ${store.label}`;
  if (wanted !== undefined && found.length === 0) {
    throw platformUnknownError(
      where,
      wanted,
      listed.flatMap(({ platform }) => platform ?? []),
    );
  }
  const leaves = new Map<string, Leaf>();
  for (const leaf of found) leaves.set(nameOf(leaf, leaves), leaf);
  return { root, rootManifest, leaves };
}

/** The platform, numbered where an index has it more than once: gzip and zstd next to each other. */
function nameOf({ platform }: Leaf, taken: ReadonlyMap<string, Leaf>): string {
  const name = platform === undefined ? 'unknown' : formatPlatform(platform);
  for (let count = 1; ; count += 1) {
    const numbered = count === 1 ? name : `${name} (${count})`;
    if (!taken.has(numbered)) return numbered;
  }
}

async function openLeaf(
  store: ReadStore,
  descriptor: Descriptor,
  listed: Platform | undefined,
  call: CallOptions,
): Promise<Leaf> {
  const manifest = await fetchManifest(store, descriptor, call);
  const where = `${store.label}@${descriptor.digest}`;
  checkIsImage(manifest, where);
  const config = parseImageConfig(await readConfig(store, manifest.config, where, call));
  const platform = configPlatform(config) ?? listed;
  return {
    platform: platform === undefined ? undefined : normalize(platform),
    descriptor,
    manifest,
    config,
  };
}

async function compareLeaves(
  platform: string,
  [a, b]: readonly [Leaf, Leaf],
  sides: readonly [OpenedSide, OpenedSide],
  options: CompareOptions,
): Promise<PlatformDifferences> {
  const digestsOf = ({ manifest }: Leaf): ReadonlySet<string> =>
    new Set(manifest.layers.map(({ digest }) => digest));
  const [inA, inB] = [digestsOf(a), digestsOf(b)];
  return {
    platform,
    digests: [a.descriptor.digest, b.descriptor.digest],
    manifest: valueDifferences(manifestFacts(a.manifest), manifestFacts(b.manifest)),
    config: valueDifferences(a.config.json, b.config.json),
    layers: {
      same: a.manifest.layers.filter(({ digest }) => inB.has(digest)).length,
      onlyA: a.manifest.layers.filter(({ digest }) => !inB.has(digest)),
      onlyB: b.manifest.layers.filter(({ digest }) => !inA.has(digest)),
    },
    files: options.isFast === true ? undefined : await compareFiles([a, b], sides, options),
  };
}

const NO_DIFFERENCES: FileDifferences = { added: [], gone: [], changed: [] };

async function compareFiles(
  leaves: readonly [Leaf, Leaf],
  sides: readonly [OpenedSide, OpenedSide],
  options: CallOptions,
): Promise<FileDifferences> {
  const [a, b] = leaves.map(({ manifest }) => manifest.layers.map(({ digest }) => digest).join());
  if (a === b) return NO_DIFFERENCES;
  const hashed = new HashedLayers();
  const treeOf = (leaf: Leaf, { store, source }: OpenedSide): ReturnType<HashedLayers['tree']> => {
    const where = `${store.label}@${leaf.descriptor.digest}`;
    const layers = layersOf(leaf.manifest, leaf.config, where);
    return hashed.tree({ source: source ?? store, layers }, options);
  };
  const left = await treeOf(leaves[0], sides[0]);
  const right = await treeOf(leaves[1], sides[1]);
  return compareTrees(left, right, (inode) => hashed.hashOf(inode));
}

/** What a manifest says itself, without the lists of what belongs to it. */
function manifestFacts(manifest: Manifest): Readonly<Record<string, unknown>> {
  const {
    manifests: _manifests,
    layers: _layers,
    config: _config,
    ...facts
  } = manifestDocument(manifest);
  return { ...facts, mediaType: manifest.mediaType };
}

function valueDifferences(a: unknown, b: unknown): readonly ValueDifference[] {
  const [left, right] = [flat(a), flat(b)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .toSorted()
    .map((pointer) => ({ pointer, a: left.get(pointer), b: right.get(pointer) }))
    .filter(
      ({ a: one, b: other }) => JSON.stringify(one ?? null) !== JSON.stringify(other ?? null),
    );
}

/** Values by JSON pointer; lists count as values. */
function flat(value: unknown, pointer = ''): Map<string, unknown> {
  if (!isRecord(value) || Object.keys(value).length === 0) return new Map([[pointer, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...flat(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    ]),
  );
}

import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { isImageConfigType } from '../oci/media-types.ts';
import { matchesPlatform, type Platform } from '../oci/platform.ts';
import { fetchManifest } from '../store/manifests.ts';
import {
  MAX_CONFIG_BYTES,
  platformOfConfig,
  platformsOf,
  platformUnknown,
  selectPlatform,
  type ChosenManifest,
} from '../store/platforms.ts';
import { digestWouldChange } from '../store/preserve.ts';
import type { CallOptions, ReadStore, WriteStore } from '../store/types.ts';
import { fetchAll } from '../store/verify.ts';
import { nameIn, onSide } from './errors.ts';
import type { Scope } from './scope.ts';
import { subsetOf } from './subset.ts';
import type { CopyPair, ImageRequest } from './types.ts';

/** What will become the destination's root, and what is there already. */
export interface Plan {
  readonly root: Descriptor;
  /** Absent when the destination's tag has the same digest: there is nothing to read. */
  readonly manifest: Manifest | undefined;
  /** What the destination's tag points at so far. */
  readonly existing: Descriptor | undefined;
}

export function isUpToDate({ root, existing }: Plan): boolean {
  return existing?.digest === root.digest;
}

/**
 * Decides the root with the fewest requests: one HEAD on the destination; a GET on the source, or
 * a HEAD where the destination's tag exists and so may already be equal.
 */
export async function planRoot(pair: CopyPair, request: ImageRequest, scope: Scope): Promise<Plan> {
  const { source, destination, platforms = [], sameRepository, noClobber } = pair;
  const { sourceRef, destinationTag, isNew } = request;
  const call = { signal: scope.signal };
  // A retag is one PUT: to look first would cost as much as it could save.
  const blind = isNew === true || (sameRepository === true && noClobber !== true);
  const lookUp = async (): Promise<Descriptor | undefined> =>
    blind || destinationTag === undefined
      ? undefined
      : lookUpTag(destination, destinationTag, call);

  if (platforms.length > 0) {
    const [existing, chosen] = await scope.all<Descriptor | ChosenManifest | undefined>([
      lookUp(),
      readPlatforms(pair, sourceRef, platforms, call),
    ]);
    const { descriptor, manifest } = chosen as ChosenManifest;
    return { root: descriptor, manifest, existing: existing as Descriptor | undefined };
  }
  const existing = await lookUp();
  if (existing !== undefined && (await isAlready(existing, source, sourceRef, call)))
    return { root: existing, manifest: undefined, existing };
  const { descriptor, manifest } = await readRoot(source, sourceRef, call);
  return { root: descriptor, manifest, existing };
}

/** What a tag points at; `undefined` where the tag or its repository does not exist. */
export async function lookUpTag(
  destination: WriteStore,
  tag: string,
  options: CallOptions,
): Promise<Descriptor | undefined> {
  try {
    return await destination.resolve(tag, { ...options, want: 'descriptor' });
  } catch (error) {
    const absent =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (absent) return undefined;
    return onSide('destination', `cannot look up ${nameIn(destination, tag)}`, tag, () => {
      throw error;
    });
  }
}

/** A source named by digest needs no request: the digest is what would be asked for. */
async function isAlready(
  existing: Descriptor,
  source: ReadStore,
  sourceRef: string | undefined,
  call: CallOptions,
): Promise<boolean> {
  if (sourceRef !== undefined && isDigest(sourceRef)) return sourceRef === existing.digest;
  const wanted = await onSide('source', `cannot find ${nameIn(source, sourceRef)}`, sourceRef, () =>
    source.resolve(sourceRef, { ...call, want: 'descriptor' }),
  );
  return wanted.digest === existing.digest;
}

async function readRoot(
  source: ReadStore,
  ref: string | undefined,
  call: CallOptions,
): Promise<ChosenManifest> {
  return onSide('source', `cannot read ${nameIn(source, ref)}`, ref, async () => {
    const descriptor = await source.resolve(ref, { ...call, want: 'content' });
    return { descriptor, manifest: await fetchManifest(source, descriptor, call) };
  });
}

async function readPlatforms(
  { source, preserveDigests }: CopyPair,
  ref: string | undefined,
  platforms: readonly Platform[],
  call: CallOptions,
): Promise<ChosenManifest> {
  const root = await readRoot(source, ref, call);
  const where = nameIn(source, ref);
  return onSide('source', `cannot read ${where}`, root.descriptor.digest, async () => {
    if (root.manifest.kind !== 'index') {
      await checkConfig(source, root, platforms, where, call);
      return root;
    }
    const [only, ...more] = platforms;
    if (only === undefined || more.length > 0) {
      const subset = await subsetOf(source, root, platforms, where, call);
      if (preserveDigests === true && subset.descriptor.digest !== root.descriptor.digest)
        throw digestWouldChange(where, root.descriptor, 'be rewritten for some platforms');
      return subset;
    }
    const chosen = await selectPlatform(source, root.manifest, only, call);
    if (chosen !== undefined) return chosen;
    const available = platformsOf(root.manifest).map((entry) => entry.platform);
    throw platformUnknown(where, platforms, available);
  });
}

/** A single image says its platform in its configuration; an artifact has none to check. */
async function checkConfig(
  source: ReadStore,
  { manifest }: ChosenManifest,
  platforms: readonly Platform[],
  where: string,
  call: CallOptions,
): Promise<void> {
  if (manifest.kind !== 'image' || !isImageConfigType(manifest.config.mediaType)) return;
  if (manifest.config.size > MAX_CONFIG_BYTES) {
    throw new AppError('INVALID_CONFIG', `${where}: its configuration is larger than 4 MiB`);
  }
  const actual = platformOfConfig(await fetchAll(source, manifest.config, call));
  if (actual !== undefined && platforms.some((wanted) => matchesPlatform(wanted, actual))) return;
  throw platformUnknown(where, platforms, actual === undefined ? [] : [actual]);
}

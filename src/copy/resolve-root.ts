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
  platformUnknownError,
  selectPlatform,
  type ChosenManifest,
} from '../store/platforms.ts';
import { digestChangedError } from '../store/errors.ts';
import type { ReadStore, ResolveOptions, ResolvePurpose, WriteStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { fetchAll } from '../store/verify.ts';
import { attributeTo, describeRef } from './engine/errors.ts';
import type { TaskGroup } from './engine/task-group.ts';
import type { Slots } from './engine/slots.ts';
import { platformSubset } from './platform-subset.ts';
import type { CopyRunOptions, ImageRequest } from './types.ts';

/** What will become the destination's root, and what is there already. */
export interface RootPlan {
  readonly root: Descriptor;
  /** Absent when the destination's tag has the same digest: there is nothing to read. */
  readonly manifest: Manifest | undefined;
  /** What the destination's tag points at so far. */
  readonly existing: Descriptor | undefined;
}

export function isUpToDate({ root, existing }: RootPlan): boolean {
  return existing?.digest === root.digest;
}

/**
 * Decides the root with the fewest requests, both sides at once: one HEAD on the destination, and
 * one request to the source, which reads the manifest where that is as cheap as asking for it.
 */
export async function resolveRoot(
  run: CopyRunOptions,
  request: ImageRequest,
  tasks: TaskGroup,
  slots: Slots,
): Promise<RootPlan> {
  const { source, destination, platforms = [], sameRepository, noClobber } = run;
  const { sourceRef, destinationTag, isNew } = request;
  const { signal } = tasks;
  const call = { signal };
  const trustAbsence = noClobber !== true && request.keepExisting !== true;
  // A retag is one PUT: to look first would cost as much as it could save.
  const isBlind = isNew === true || (sameRepository === true && noClobber !== true);
  const lookUp = async (): Promise<Descriptor | undefined> =>
    isBlind || destinationTag === undefined
      ? undefined
      : slots.on(
          'destination',
          () => lookUpTag(destination, destinationTag, { ...call, trustAbsence }),
          signal,
        );

  if (platforms.length > 0) {
    const [existing, chosen] = await both(
      tasks,
      lookUp(),
      slots.on('source', () => readPlatforms(run, sourceRef, platforms, call), signal),
    );
    return { root: chosen.descriptor, manifest: chosen.manifest, existing };
  }
  const looking = lookUp();
  // The digest is what would be asked for: the source need not be.
  if (sourceRef !== undefined && isDigest(sourceRef)) {
    const existing = await looking;
    if (existing?.digest === sourceRef) return { root: existing, manifest: undefined, existing };
  }
  const purpose = isBlind ? 'content' : purposeAfter(looking);
  // One slot for both: what came with the descriptor should not wait for another to be read.
  const finding = slots.on(
    'source',
    async () => {
      const root = await findRoot(source, sourceRef, { ...call, purpose });
      if ((await looking)?.digest === root.digest) return { root, manifest: undefined };
      return { root, manifest: await readManifest(source, sourceRef, root, call) };
    },
    signal,
  );
  const [existing, found] = await both(tasks, looking, finding);
  return { ...found, existing };
}

/** Where the tag exists it may be equal, and the manifest not be needed. */
function purposeAfter(looking: Promise<Descriptor | undefined>): Promise<ResolvePurpose> {
  const want = looking.then((existing) => (existing === undefined ? 'content' : 'descriptor'));
  // Not every store looks at it.
  want.catch(() => undefined);
  return want;
}

async function both<A, B>(tasks: TaskGroup, a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await tasks.all<unknown>([a, b]);
  return [await a, await b];
}

/** What a tag points at; `undefined` where the tag or its repository does not exist. */
export async function lookUpTag(
  destination: WriteStore,
  tag: string,
  options: Pick<ResolveOptions, 'signal' | 'trustAbsence'>,
): Promise<Descriptor | undefined> {
  try {
    return await destination.resolve(tag, { ...options, purpose: 'descriptor' });
  } catch (error) {
    const absent =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (absent) return undefined;
    return attributeTo(
      'destination',
      `cannot look up ${describeRef(destination, tag)}`,
      tag,
      () => {
        throw error;
      },
    );
  }
}

async function findRoot(
  source: ReadStore,
  ref: string | undefined,
  options: ResolveOptions,
): Promise<Descriptor> {
  return attributeTo('source', `cannot find ${describeRef(source, ref)}`, ref, () =>
    source.resolve(ref, options),
  );
}

async function readManifest(
  source: ReadStore,
  ref: string | undefined,
  root: Descriptor,
  call: CallOptions,
): Promise<Manifest> {
  return attributeTo('source', `cannot read ${describeRef(source, ref)}`, ref, () =>
    fetchManifest(source, root, call),
  );
}

async function readRoot(
  source: ReadStore,
  ref: string | undefined,
  call: CallOptions,
): Promise<ChosenManifest> {
  const descriptor = await findRoot(source, ref, { ...call, purpose: 'content' });
  return { descriptor, manifest: await readManifest(source, ref, descriptor, call) };
}

async function readPlatforms(
  { source, preserveDigests }: CopyRunOptions,
  ref: string | undefined,
  platforms: readonly Platform[],
  call: CallOptions,
): Promise<ChosenManifest> {
  const root = await readRoot(source, ref, call);
  const where = describeRef(source, ref);
  return attributeTo('source', `cannot read ${where}`, root.descriptor.digest, async () => {
    if (root.manifest.kind !== 'index') {
      await checkConfig(source, root, platforms, where, call);
      return root;
    }
    const [only, ...more] = platforms;
    if (only === undefined || more.length > 0) {
      const subset = await platformSubset(source, root, platforms, where, call);
      if (preserveDigests === true && subset.descriptor.digest !== root.descriptor.digest)
        throw digestChangedError(where, root.descriptor, 'be rewritten for some platforms');
      return subset;
    }
    const chosen = await selectPlatform(source, root.manifest, only, call);
    if (chosen !== undefined) return chosen;
    const available = platformsOf(root.manifest).map((entry) => entry.platform);
    throw platformUnknownError(where, platforms, available);
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
  throw platformUnknownError(where, platforms, actual === undefined ? [] : [actual]);
}

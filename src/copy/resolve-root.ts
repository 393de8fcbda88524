import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { IndexManifest, Manifest } from '../oci/manifest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { readConfig } from '../store/index-entries.ts';
import { fetchManifest } from '../store/manifests.ts';
import {
  imagesOf,
  openPlatformIndex,
  platformUnknownError,
  requirePlatforms,
  selectPlatform,
  type ChosenManifest,
} from '../store/platforms.ts';
import { digestChangedError } from '../store/errors.ts';
import type { ReadStore, ResolveOptions, ResolvePurpose, WriteStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { attributeTo, describeRef } from './engine/errors.ts';
import type { TaskGroup } from './engine/task-group.ts';
import type { Slots } from './engine/slots.ts';
import { platformSubset } from './platform-subset.ts';
import type { CopyRunOptions, ImageRequest } from './types.ts';

/** The future root of the destination, and what exists there. */
export interface RootPlan {
  readonly root: Descriptor;
  /** Absent if the destination's tag has the same digest: nothing has to be read. */
  readonly manifest: Manifest | undefined;
  /** What the destination's tag points to before the copy. */
  readonly existing: Descriptor | undefined;
  /** What the reference means at the source; not `root` if platforms were chosen. */
  readonly from: Digest;
}

export function isUpToDate({ root, existing }: RootPlan): boolean {
  return existing?.digest === root.digest;
}

/**
 * Determines the root with the fewest requests, both sides at once: one HEAD to the destination,
 * and one request to the source, which reads the manifest if that costs no more than a HEAD.
 */
export async function resolveRoot(
  run: CopyRunOptions,
  request: ImageRequest,
  tasks: TaskGroup,
  slots: Slots,
): Promise<RootPlan> {
  const { source, destination, platforms = [], indexPlatform, noClobber } = run;
  const { sourceRef, destinationTag, isNew, tagExists } = request;
  const { signal } = tasks;
  const call = { signal };
  const trustAbsence = noClobber !== true && request.keepExisting !== true;
  // A new tag is one PUT: a lookup first costs as much as it can save.
  const needsNoLook = run.sameRepository === true || run.recheck === true;
  const isBlind = isNew === true || (needsNoLook && noClobber !== true);
  const lookUp = async (): Promise<Descriptor | undefined> =>
    isBlind || destinationTag === undefined
      ? undefined
      : slots.on(
          'destination',
          () => lookUpTag(destination, destinationTag, { ...call, trustAbsence }),
          signal,
        );

  if (platforms.length > 0 || indexPlatform !== undefined) {
    const [existing, chosen] = await both(
      tasks,
      lookUp(),
      slots.on('source', () => readPlatforms(run, sourceRef, call), signal),
    );
    const { descriptor: root, manifest } = chosen;
    return { root, manifest, existing, from: chosen.from };
  }
  const looking = lookUp();
  // The digest is already known, so the source need not be queried.
  if (sourceRef !== undefined && isDigest(sourceRef)) {
    const existing = await looking;
    if (existing?.digest === sourceRef)
      return { root: existing, manifest: undefined, existing, from: sourceRef };
  }
  const purpose = isBlind ? 'content' : tagExists === true ? 'descriptor' : purposeAfter(looking);
  // One slot for both, so that a manifest that came with the descriptor is used at once.
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
  return { ...found, existing, from: found.root.digest };
}

/** If the tag exists, it may have the same digest, and the manifest is not needed. */
function purposeAfter(looking: Promise<Descriptor | undefined>): Promise<ResolvePurpose> {
  const want = looking.then((existing) => (existing === undefined ? 'content' : 'descriptor'));
  // Not every store awaits it, so a rejection must not be unhandled.
  want.catch(() => undefined);
  return want;
}

async function both<A, B>(tasks: TaskGroup, a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await tasks.all<unknown>([a, b]);
  return [await a, await b];
}

/** Looks up a tag; `undefined` if the tag or its repository does not exist. */
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
  run: CopyRunOptions,
  ref: string | undefined,
  call: CallOptions,
): Promise<ChosenManifest & Pick<RootPlan, 'from'>> {
  const { source, platforms = [], indexPlatform } = run;
  const root = await readRoot(source, ref, call);
  const from = root.descriptor.digest;
  const where = describeRef(source, ref);
  const chosen = await attributeTo('source', `cannot read ${where}`, from, async () => {
    const { manifest } = root;
    if (manifest.kind === 'index') {
      return platforms.length > 1
        ? readSubset(run, root, platforms, where, call)
        : readOne(run, manifest, platforms[0] ?? indexPlatform, where, call);
    }
    if (manifest.kind === 'image' && run.platformsOfIndexes !== true) {
      const config = (): Promise<Uint8Array> => readConfig(source, manifest.config, where, call);
      const notes =
        platforms.length === 0 ? [] : await requirePlatforms(manifest, platforms, where, config);
      for (const text of notes) run.emit({ type: 'note', text });
    }
    return root;
  });
  return { ...chosen, from };
}

async function readSubset(
  run: CopyRunOptions,
  root: ChosenManifest,
  platforms: readonly Platform[],
  where: string,
  call: CallOptions,
): Promise<ChosenManifest> {
  const subset = await platformSubset(run.source, root, platforms, where, call);
  for (const text of subset.notes) run.emit({ type: 'note', text });
  if (subset.root.descriptor.digest === root.descriptor.digest) return root;
  if (run.preserveDigests === true)
    throw digestChangedError(where, root.descriptor, 'be rewritten for some platforms');
  const names = platforms.map(formatPlatform).join(', ');
  run.emit({ type: 'note', text: `the index is rewritten for ${names}, so its digest changes` });
  return subset.root;
}

async function readOne(
  run: CopyRunOptions,
  index: IndexManifest,
  platform: Platform | undefined,
  where: string,
  call: CallOptions,
): Promise<ChosenManifest> {
  if (platform === undefined) throw new Error('no platform to choose');
  const from = openPlatformIndex(run.source, index);
  const found = await selectPlatform(from, platform, call);
  if (found === undefined) {
    const available = imagesOf(await from.entries(call)).map((entry) => entry.platform);
    throw platformUnknownError(where, platform, available);
  }
  if (found.note !== undefined) run.emit({ type: 'note', text: found.note });
  const name = formatPlatform(platform);
  run.emit({
    type: 'note',
    text: `only ${name} of the index is copied, under the digest of that image`,
  });
  return found.chosen;
}

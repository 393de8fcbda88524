import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import {
  attachedTo,
  listReferrers,
  readTagNames,
  readTagTargets,
  type Attached,
  type TagTargets,
} from '../above.ts';

/** What a look at an image that is to be deleted needs. */
export interface Look {
  readonly store: ReadStore;
  readonly force: boolean;
  readonly withReferrers: boolean;
  readonly dryRun: boolean;
  /** Concurrent requests. */
  readonly concurrency: number;
  readonly warn: (text: string) => void;
}

/** What was found out about an image that is to be deleted. */
export interface Found {
  readonly digest: Digest;
  /** `undefined` if no tag was looked at. */
  readonly targets: TagTargets | undefined;
  /** What refers to the manifest itself, or why that is not known. */
  readonly nearest: PromiseSettledResult<readonly Digest[]>;
  /** `null` for none, `undefined` if it was not read. */
  readonly subject: Digest | null | undefined;
}

/** Looks at no tag: a forced delete of a digest deletes them in any case. */
export async function lookUpDirect(
  { store }: Look,
  digest: Digest,
  options: CallOptions,
): Promise<Found> {
  const [root, nearest] = await Promise.allSettled([
    store.resolve(digest, { ...options, purpose: 'content' }),
    listReferrers(store, digest, options),
  ]);
  const subject =
    root.status === 'fulfilled' ? await subjectOf(store, root.value, options) : undefined;
  return { digest, targets: undefined, nearest, subject };
}

/** Throws if what a tag points to depends on the image. */
export type Refusal = (digest: Digest, targets: TagTargets, call: CallOptions) => Promise<void>;

/**
 * Asks at once for the manifest and the tags' names, then for the tags and the referrers; a refusal
 * does not wait for the latter.
 */
export async function lookUp(
  look: Look,
  ref: string,
  refuse: Refusal,
  options: CallOptions,
): Promise<Found> {
  const { store, concurrency, dryRun } = look;
  const [resolved, names] = await Promise.allSettled([
    dryRun ? store.resolve(ref, options) : resolveContent(store, ref, options),
    readTagNames(store, options),
  ]);
  // That the image does not exist says more than that its tags cannot be listed.
  if (resolved.status === 'rejected') throw resolved.reason;
  const root = resolved.value;
  const { digest } = root;
  let targets: TagTargets = isDigest(ref) ? new Map() : new Map([[ref, root]]);
  const readTargets = async (call: CallOptions): Promise<TagTargets> => {
    try {
      if (names.status === 'rejected') throw names.reason;
      return await readTagTargets(store, names.value, targets, { ...call, concurrency });
    } catch (error) {
      call.signal?.throwIfAborted();
      // With `--force` the tags are only shown.
      if (!(error instanceof AppError) || !look.force) throw error;
      look.warn(`which tags point at ${digest} is not known: ${error.message}`);
      return targets;
    }
  };
  let nearest: Found['nearest'] = { status: 'fulfilled', value: [] };
  const tags = names.status === 'fulfilled' ? names.value : undefined;
  const rounds = [
    async (call: CallOptions): Promise<void> => {
      targets = await readTargets(call);
      await refuse(digest, targets, call);
    },
    async (call: CallOptions): Promise<void> => {
      [nearest] = await Promise.allSettled([listReferrers(store, digest, { ...call, tags })]);
    },
  ];
  await mapParallel(rounds, rounds.length, (round, call) => round(call), options);
  const subject = dryRun ? undefined : await subjectOf(store, root, options);
  return { digest, targets, nearest, subject };
}

/** Reads the manifest too, as its subject is needed; one that cannot be read can still be deleted. */
async function resolveContent(
  store: ReadStore,
  ref: string,
  options: CallOptions,
): Promise<Descriptor> {
  try {
    return await store.resolve(ref, { ...options, purpose: 'content' });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || isAbsence(error)) throw error;
    return store.resolve(ref, options);
  }
}

const isAbsence = ({ code }: AppError): boolean =>
  code === 'MANIFEST_UNKNOWN' || code === 'REPOSITORY_UNKNOWN';

/** Reads what `resolve` has fetched; `undefined` if that is no manifest that regctl understands. */
async function subjectOf(
  store: ReadStore,
  root: Descriptor,
  options: CallOptions,
): Promise<Digest | null | undefined> {
  try {
    return (await fetchManifest(store, root, options)).subject?.digest ?? null;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Lists the referrers. Without `--referrers` they are only shown, so a failure is a warning. */
export async function attachedIfKnown(
  look: Look,
  { digest, targets, nearest }: Found,
  options: CallOptions,
): Promise<readonly Attached[]> {
  try {
    if (nearest.status === 'rejected') throw nearest.reason;
    const { store, concurrency } = look;
    const call = { ...options, concurrency };
    return await attachedTo(store, digest, targets, call, nearest.value);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || look.withReferrers) throw error;
    look.warn(`what refers to ${digest} is not known: ${error.message}`);
    return [];
  }
}

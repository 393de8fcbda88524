import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ReadStore, RemoveOptions, Remover } from '../../store/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import type { CallOptions } from '../../util/abort.ts';
import { indexesAbove, type Attached, type TagTargets } from '../above.ts';
import { removerOf } from '../removal.ts';
import { listedError, sharedError } from './errors.ts';
import { attachedIfKnown, lookUp, lookUpDirect, type Look, type Refusal } from './look-up.ts';

/**
 * `force` also deletes the other tags of the digest, and a manifest that an index lists;
 * `withReferrers` also the referrers that no tag points to.
 */
export interface DeleteOptions extends Omit<Look, 'store'>, CallOptions {
  /** Called before anything is deleted; throws to keep it. */
  readonly confirm?:
    | ((what: string, also: Affected, call: CallOptions) => Promise<void>)
    | undefined;
}

/** What else a deletion affects. */
export interface Affected {
  readonly tags: readonly string[];
  readonly referrers: readonly Attached[];
}

/** What was or would be deleted. `tags` are those known to point to it. */
export interface DeleteOutcome extends Affected {
  readonly label: string;
  /** `null` if the manifest of a tag did not exist any more. */
  readonly digest: Digest | null;
  /** Whether the manifest is deleted, not only a tag. */
  readonly manifest: boolean;
  /** Referrers that stay although their subject is deleted. */
  readonly left: readonly Attached[];
}

interface DeleteJob extends Look, Pick<DeleteOptions, 'confirm'> {
  readonly remover: Remover;
}

const jobOf = (store: ReadStore, options: DeleteOptions): DeleteJob => ({
  ...options,
  store,
  remover: removerOf(store),
});

/**
 * Deletes a manifest with all its tags. Without `force`, refuses if another tag shares it or a
 * tagged index lists it at any depth, and fails if that is unknown.
 * @throws AppError TAG_SHARED, MANIFEST_LISTED, MANIFEST_UNKNOWN, UNSUPPORTED
 */
export async function deleteManifest(
  onto: ReadStore,
  ref: string,
  all: DeleteOptions,
): Promise<DeleteOutcome> {
  const job = jobOf(onto, all);
  const options = { signal: all.signal };
  const { store, force, dryRun } = job;
  const { label } = store;
  // The DELETE itself reports whether a digest exists, and a forced one deletes any tags.
  const direct = isDigest(ref) && force && !dryRun && !job.withReferrers && !job.confirm;
  const found = direct
    ? await lookUpDirect(job, ref, options)
    : await lookUp(job, ref, force ? async () => {} : refusing(job, ref), options);
  const { digest, subject, targets = new Map() } = found;
  const pointing = tagsOf(digest, targets);
  const tags = isDigest(ref) ? pointing : [ref, ...pointing.filter((tag) => tag !== ref)];
  const attached = await attachedIfKnown(job, found, options);
  const free = attached.filter((one) => isFree(one.digest, targets));
  const referrers = job.withReferrers ? free : [];
  const left = attached.filter((one) => !referrers.includes(one));
  await job.confirm?.(`${label}@${digest}`, { tags, referrers }, options);
  if (!dryRun) await removeImage(job.remover, digest, referrers, { ...options, subject });
  const along = referrers.flatMap((one) => one.tags);
  return { label, digest, tags: [...tags, ...along], manifest: true, referrers, left };
}

function tagsOf(digest: Digest, targets: TagTargets): readonly string[] {
  return [...targets].filter(([, one]) => one.digest === digest).map(([tag]) => tag);
}

/** Throws AppError TAG_SHARED or MANIFEST_LISTED. */
function refusing({ store, concurrency }: DeleteJob, ref: string): Refusal {
  return async (digest, targets, call) => {
    const { indexes } = await indexesAbove(store, digest, targets, { ...call, concurrency });
    const tags = tagsOf(digest, targets);
    const siblings = isDigest(ref) ? [] : tags.filter((tag) => tag !== ref);
    const name = `${store.label}${isDigest(ref) ? '@' : ':'}${ref}`;
    if (siblings.length > 0) throw sharedError(name, digest, siblings, indexes);
    if (indexes.length > 0) throw listedError(name, digest, indexes);
  };
}

/** Whether no tag points to a referrer; a tagged one is an image in its own right and stays. */
export function isFree(digest: Digest, targets: TagTargets): boolean {
  return ![...targets].some(([tag, one]) => one.digest === digest && !isDigestTag(tag));
}

/**
 * Deletes the farthest referrers first, so that none loses its subject. Referrers by tag go before
 * all others: otherwise a fallback tag is rewritten for each manifest that it lists. Checks nothing.
 */
export async function removeImage(
  remover: Remover,
  digest: Digest,
  referrers: readonly Attached[],
  { signal, subject }: RemoveOptions,
): Promise<void> {
  const byTag = referrers.filter((one) => one.tags.length > 0);
  const others = referrers.filter((one) => one.tags.length === 0);
  for (const one of [...byTag.toReversed(), ...others.toReversed()]) {
    try {
      await remover.removeManifest(one.digest, { signal });
    } catch (error) {
      // A referrers list may name deleted manifests.
      if (!(error instanceof AppError && error.code === 'MANIFEST_UNKNOWN')) throw error;
    }
  }
  await remover.removeManifest(digest, { signal, subject });
}

/**
 * Removes only a tag; its manifest stays.
 * @throws AppError UNTAG_UNSUPPORTED, MANIFEST_UNKNOWN, UNSUPPORTED
 */
export async function removeTag(
  store: ReadStore,
  tag: string,
  all: DeleteOptions,
): Promise<DeleteOutcome> {
  const job = jobOf(store, all);
  const options = { signal: all.signal };
  const { label } = store;
  const digest = await digestOfListed(store, tag, options);
  await job.confirm?.(`the tag ${label}:${tag}`, { tags: [], referrers: [] }, options);
  if (!job.dryRun) await job.remover.untag(tag, options);
  return { label, digest, tags: [tag], manifest: false, referrers: [], left: [] };
}

/**
 * The digest of a tag; `null` if the tag is listed but its manifest does not exist.
 * @throws AppError MANIFEST_UNKNOWN if the tag is not listed either
 */
async function digestOfListed(
  store: ReadStore,
  tag: string,
  options: CallOptions,
): Promise<Digest | null> {
  try {
    return (await store.resolve(tag, options)).digest;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'MANIFEST_UNKNOWN') throw error;
    if (await isListed(store, tag, options)) return null;
    throw error;
  }
}

async function isListed(store: ReadStore, tag: string, options: CallOptions): Promise<boolean> {
  try {
    for await (const page of tagListerOf(store).tags(options)) if (page.includes(tag)) return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
  }
  return false;
}

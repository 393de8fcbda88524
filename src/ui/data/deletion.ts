import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import {
  attachedTo,
  indexesAbove,
  readTagNames,
  readTagTargets,
  type Attached,
  type IndexAbove,
  type LookOptions,
} from '../../retention/above.ts';
import { formatTagNames } from '../../retention/delete/errors.ts';
import { isFree, removeImage, removeTag } from '../../retention/delete/image.ts';
import { removerOf } from '../../retention/removal.ts';
import type { ReadStore } from '../../store/types.ts';

/** An image to delete, with all that its deletion affects. */
export interface Doomed {
  readonly digest: Digest;
  /** Chosen tags. */
  readonly tags: readonly string[];
  /** Other tags of the digest, which its deletion removes. */
  readonly siblings: readonly string[];
  /** Indexes that stay and list it. */
  readonly indexes: readonly IndexAbove[];
  /** Referrers without a tag that could go as well. */
  readonly referrers: readonly Attached[];
}

/** What a form confirms: it repeats what its page showed. */
export interface Confirmed {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly siblings: readonly string[];
  readonly indexes: readonly string[];
}

/**
 * Finds what a deletion of these tags and digests affects: one HEAD for each tag of the repository,
 * one GET for each index.
 * @throws AppError MANIFEST_UNKNOWN, and whatever leaves a dependency unknown
 */
export async function planDeletion(
  store: ReadStore,
  refs: readonly string[],
  look: LookOptions,
): Promise<readonly Doomed[]> {
  const targets = await readTagTargets(store, await readTagNames(store, look), new Map(), look);
  const { signal } = look;
  const chosen = new Map<Digest, string[]>();
  for (const ref of refs) {
    const known = targets.get(ref)?.digest ?? (await store.resolve(ref, { signal })).digest;
    const tags = chosen.get(known) ?? [];
    chosen.set(known, isDigest(ref) ? tags : [...tags, ref]);
  }
  const plan: (Doomed & { readonly isListed: boolean })[] = [];
  for (const [digest, tags] of chosen) {
    const pointing = [...targets].filter(([, one]) => one.digest === digest).map(([tag]) => tag);
    const { indexes } = await indexesAbove(store, digest, targets, look);
    const attached = await attachedTo(store, digest, targets, look);
    plan.push({
      digest,
      tags,
      siblings: pointing.filter((tag) => !tags.includes(tag)),
      indexes: indexes.filter((one) => !chosen.has(one.digest)),
      referrers: attached.filter((one) => isFree(one.digest, targets)),
      isListed: indexes.length > 0,
    });
  }
  // An index goes before the images that it lists.
  return plan.toSorted((a, b) => Number(a.isListed) - Number(b.isListed));
}

/** What became of one image or tag. */
export interface Removal {
  readonly name: string;
  readonly error: AppError | undefined;
}

export interface RemoveOptions extends LookOptions {
  /** Also deletes the referrers of the images. */
  readonly withReferrers: boolean;
}

/**
 * Deletes images if they are still what their page showed: nothing is deleted if a tag moved, or if
 * a tag or index is affected that was not confirmed.
 * @throws AppError DIGEST_CHANGED, TAG_SHARED, MANIFEST_LISTED
 */
export async function deleteConfirmed(
  store: ReadStore,
  confirmed: readonly Confirmed[],
  { withReferrers, ...look }: RemoveOptions,
): Promise<readonly Removal[]> {
  const refs = confirmed.flatMap(({ digest, tags }) => (tags.length === 0 ? [digest] : tags));
  const plan = await planDeletion(store, refs, look);
  requireConfirmed(store.label, plan, confirmed);
  const remover = removerOf(store);
  const { signal } = look;
  return inTurn(plan, ({ digest, tags, referrers }) => ({
    name: `${store.label}${tags.length === 0 ? `@${digest}` : `:${tags.join(', :')}`}`,
    done: removeImage(remover, digest, withReferrers ? referrers : [], { signal }),
  }));
}

/** Removes only the tags, if they still point to what their page showed. */
export async function untagConfirmed(
  store: ReadStore,
  confirmed: readonly Confirmed[],
  look: LookOptions,
): Promise<readonly Removal[]> {
  const pairs = confirmed.flatMap(({ digest, tags }) => tags.map((tag) => ({ tag, digest })));
  const { signal, concurrency } = look;
  for (const { tag, digest } of pairs) {
    requireSame(store.label, tag, (await store.resolve(tag, { signal })).digest, digest);
  }
  const rest = { force: false, withReferrers: false, dryRun: false, warn: () => undefined };
  return inTurn(pairs, ({ tag }) => ({
    name: `the tag ${store.label}:${tag}`,
    done: removeTag(store, tag, { ...rest, signal, concurrency }).then(() => undefined),
  }));
}

function requireConfirmed(
  label: string,
  plan: readonly Doomed[],
  confirmed: readonly Confirmed[],
): void {
  for (const given of confirmed) {
    for (const tag of given.tags) {
      const now = plan.find((one) => one.tags.includes(tag));
      requireSame(label, tag, now?.digest, given.digest);
    }
  }
  for (const { digest, siblings, indexes } of plan) {
    const given = confirmed.find((one) => one.digest === digest);
    const other = siblings.filter((tag) => given?.siblings.includes(tag) !== true);
    if (other.length > 0) {
      throw new AppError('TAG_SHARED', `${digest} also has ${formatTagNames(other)}`, {
        hint: 'Nothing was deleted. Confirm that these tags go as well, or remove only the tag.',
      });
    }
    if (indexes.some((one) => given?.indexes.includes(one.digest) !== true)) {
      const tags = formatTagNames([...new Set(indexes.flatMap((one) => one.tags))]);
      throw new AppError('MANIFEST_LISTED', `an index lists ${digest}, with ${tags}`, {
        hint: 'Nothing was deleted. Confirm that the index breaks, or delete the index.',
      });
    }
  }
}

function requireSame(label: string, tag: string, now: Digest | undefined, then: Digest): void {
  if (now === then) return;
  throw new AppError('DIGEST_CHANGED', `${label}:${tag} has moved since its page was shown`, {
    why: [`it pointed to ${then}`, `it points to ${now ?? 'nothing'}`],
    hint: 'Nothing was deleted. Look at the tag again.',
  });
}

/** Goes on after a failure, so that the page can show what became of each. */
async function inTurn<T>(
  items: readonly T[],
  remove: (item: T) => { readonly name: string; readonly done: Promise<void> },
): Promise<readonly Removal[]> {
  const removals: Removal[] = [];
  for (const item of items) {
    const { name, done } = remove(item);
    try {
      await done;
      removals.push({ name, error: undefined });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      removals.push({ name, error });
    }
  }
  return removals;
}

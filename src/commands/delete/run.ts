import { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import {
  attachedTo,
  indexesAbove,
  readTagTargets,
  type Attached,
  type LookOptions,
  type TagTargets,
} from '../../retention/above.ts';
import { removerOf } from '../../retention/run.ts';
import type { ReadStore, Remover } from '../../store/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { tagListerOf } from '../../tags/find.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag, rejectTogether } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import {
  formatReferrers,
  formatTagNames,
  listedError,
  resultOf,
  sharedError,
  type DeleteOutcome,
} from './texts.ts';

type DeleteContext = Pick<
  Context,
  'flags' | 'locate' | 'openRead' | 'terminal' | 'warn' | 'note' | 'requestCount'
>;

interface DeleteJob {
  readonly context: DeleteContext;
  readonly store: ReadStore;
  readonly remover: Remover;
  readonly force: boolean;
  readonly withReferrers: boolean;
  readonly dryRun: boolean;
  /** Whether to ask the user first. */
  readonly needsConfirmation: boolean;
  readonly look: LookOptions;
}

/**
 * Deletes a manifest, or with `--untag` only a tag. Without `--force`, refuses if another tag
 * shares the manifest or a tagged index lists it at any depth, and fails if that is unknown.
 * @throws AppError TAG_SHARED, MANIFEST_LISTED, DECLINED, UNTAG_UNSUPPORTED, MANIFEST_UNKNOWN,
 * UNSUPPORTED, USAGE
 */
export async function run(
  context: DeleteContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const untag = readFlag(input, 'untag');
  const force = readFlag(input, 'force');
  const withReferrers = readFlag(input, 'referrers');
  rejectTogether({ '--untag': untag, '--force': force });
  rejectTogether({ '--untag': untag, '--referrers': withReferrers });
  const ref = refOf(location, untag);
  const dryRun = readFlag(input, 'dryRun');
  await using store = await context.openRead(location, 'single', { ...options, forUpdate: true });
  const job: DeleteJob = {
    context,
    store,
    remover: removerOf(store),
    force,
    withReferrers,
    dryRun,
    needsConfirmation: context.terminal.interactive && !readFlag(input, 'yes') && !dryRun,
    look: { concurrency: context.flags.concurrency, signal: options.signal },
  };
  const remove = untag ? removeTag : deleteManifest;
  const outcome = readFlag(input, 'ignoreMissing')
    ? await orMissing(remove(job, ref, options))
    : await remove(job, ref, options);
  if (outcome === undefined) {
    const text = `${location.text} does not exist`;
    return { kind: 'value', json: { Repository: store.label, Digest: null }, text: () => text };
  }
  if (outcome.left.length > 0) {
    const verb = dryRun ? 'would stay' : 'stay';
    const hint = 'delete them along with --referrers';
    context.note(`${formatReferrers(outcome.left)} of ${outcome.digest} ${verb}; ${hint}`);
  }
  return resultOf(outcome, dryRun, context.requestCount());
}

/** Resolves to `undefined` if the image does not exist. */
async function orMissing<T>(removing: Promise<T>): Promise<T | undefined> {
  try {
    return await removing;
  } catch (error) {
    const isMissing =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (isMissing) return undefined;
    throw error;
  }
}

/** Requires a tag or digest: a delete has no default tag. */
function refOf(location: Location, untag: boolean): string {
  if (location.ref === undefined) {
    const { scheme, name: place, text } = location;
    const name = scheme === 'docker' ? place : text;
    throw new AppError('USAGE', `"${name}" names no tag and no digest to delete`, {
      hint: `Write the tag too, such as ${name}:latest.`,
    });
  }
  if (!untag || !isDigest(location.ref)) return location.ref;
  throw new AppError('USAGE', '--untag takes a tag, not a digest');
}

async function deleteManifest(
  job: DeleteJob,
  ref: string,
  options: CallOptions,
): Promise<DeleteOutcome> {
  const { store, force, dryRun } = job;
  const { label } = store;
  // A forced delete of a digest needs no lookup: the DELETE reports whether it exists.
  const digest =
    isDigest(ref) && force && !dryRun ? ref : (await store.resolve(ref, options)).digest;
  const targets = await targetsOf(job, digest, options);
  const pointing = [...targets].filter(([, one]) => one.digest === digest).map(([tag]) => tag);
  const tags = isDigest(ref) ? pointing : [ref, ...pointing.filter((tag) => tag !== ref)];
  if (!force) await refuse(job, ref, digest, { targets, tags });
  const attached = await attachedIfKnown(job, digest, targets, options);
  const free = attached.filter((one) => isFree(one.digest, targets));
  const referrers = job.withReferrers ? free : [];
  const left = attached.filter((one) => !referrers.includes(one));
  await confirm(job, `${label}@${digest}`, { tags, referrers }, options);
  if (!dryRun) await removeAll(job, digest, referrers, options);
  const along = referrers.flatMap((one) => one.tags);
  return { label, digest, tags: [...tags, ...along], manifest: true, referrers, left };
}

/** Reads the tags. With `--force` they are only shown, so a failure is a warning. */
async function targetsOf(
  job: DeleteJob,
  digest: Digest,
  options: CallOptions,
): Promise<TagTargets> {
  try {
    return await readTagTargets(job.store, job.look);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || !job.force) throw error;
    job.context.warn(`which tags point at ${digest} is not known: ${error.message}`);
    return new Map();
  }
}

/** @throws AppError TAG_SHARED, MANIFEST_LISTED */
async function refuse(
  { store, look }: DeleteJob,
  ref: string,
  digest: Digest,
  { targets, tags }: { readonly targets: TagTargets; readonly tags: readonly string[] },
): Promise<void> {
  const { indexes } = await indexesAbove(store, digest, targets, look);
  const siblings = isDigest(ref) ? [] : tags.filter((tag) => tag !== ref);
  const name = `${store.label}${isDigest(ref) ? '@' : ':'}${ref}`;
  if (siblings.length > 0) throw sharedError(name, digest, siblings, indexes);
  if (indexes.length > 0) throw listedError(name, digest, indexes);
}

/** Whether no tag points to a referrer; a tagged one is an image in its own right and stays. */
function isFree(digest: Digest, targets: TagTargets): boolean {
  return ![...targets].some(([tag, one]) => one.digest === digest && !isDigestTag(tag));
}

/** Lists the referrers. Without `--referrers` they are only shown, so a failure is a warning. */
async function attachedIfKnown(
  job: DeleteJob,
  digest: Digest,
  targets: TagTargets,
  options: CallOptions,
): Promise<readonly Attached[]> {
  try {
    return await attachedTo(job.store, digest, targets, job.look);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError) || job.withReferrers) throw error;
    job.context.warn(`what refers to ${digest} is not known: ${error.message}`);
    return [];
  }
}

/**
 * Deletes the farthest referrers first, so that none loses its subject. Referrers by tag go before
 * all others: otherwise a fallback tag is rewritten for each manifest that it lists.
 */
async function removeAll(
  { remover }: DeleteJob,
  digest: Digest,
  referrers: readonly Attached[],
  options: CallOptions,
): Promise<void> {
  const byTag = referrers.filter((one) => one.tags.length > 0);
  const others = referrers.filter((one) => one.tags.length === 0);
  for (const one of [...byTag.toReversed(), ...others.toReversed()]) {
    try {
      await remover.removeManifest(one.digest, options);
    } catch (error) {
      // A referrers list may name deleted manifests.
      if (!(error instanceof AppError && error.code === 'MANIFEST_UNKNOWN')) throw error;
    }
  }
  await remover.removeManifest(digest, options);
}

async function removeTag(
  job: DeleteJob,
  tag: string,
  options: CallOptions,
): Promise<DeleteOutcome> {
  const { label } = job.store;
  const digest = await digestOfListed(job.store, tag, options);
  await confirm(job, `the tag ${label}:${tag}`, { tags: [], referrers: [] }, options);
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

/** @throws AppError DECLINED */
async function confirm(
  { needsConfirmation, context }: DeleteJob,
  what: string,
  also: { readonly tags: readonly string[]; readonly referrers: readonly Attached[] },
  options: CallOptions,
): Promise<void> {
  if (!needsConfirmation) return;
  const { tags, referrers } = also;
  const parts = [
    ...(tags.length === 0 ? [] : [formatTagNames(tags)]),
    ...(referrers.length === 0 ? [] : [formatReferrers(referrers)]),
  ];
  const more = parts.length === 0 ? '' : ` with ${parts.join(' and ')}`;
  if (await context.terminal.confirm(`Delete ${what}${more}?`, options)) return;
  throw new AppError('DECLINED', `${what} was not deleted`);
}

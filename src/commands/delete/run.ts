import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ReadStore, Remover } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import { readArgument, readFlag, rejectTogether } from '../input/read.ts';
import { tagListerOf, tagsWithDigest } from '../../tags/find.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type DeleteContext = Pick<Context, 'flags' | 'locate' | 'openRead' | 'terminal' | 'warn'>;

interface DeleteJob {
  readonly context: DeleteContext;
  readonly store: ReadStore;
  readonly remover: Remover;
  readonly untag: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Whether a person is asked first. */
  readonly needsConfirmation: boolean;
}

/** What goes, or would go. `tags` are those known to. */
interface DeleteOutcome {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly manifest: boolean;
}

/**
 * Deletes a manifest, or with `--untag` a tag alone.
 * @throws AppError TAG_SHARED, DECLINED, UNTAG_UNSUPPORTED, MANIFEST_UNKNOWN, UNSUPPORTED, USAGE
 */
export async function run(
  context: DeleteContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const untag = readFlag(input, 'untag');
  const force = readFlag(input, 'force');
  rejectTogether({ '--untag': untag, '--force': force });
  const ref = refOf(location, untag);
  const dryRun = readFlag(input, 'dryRun');
  await using store = await context.openRead(location, 'single', { ...options, forUpdate: true });
  const job: DeleteJob = {
    context,
    store,
    remover: removerOf(store),
    untag,
    force,
    dryRun,
    needsConfirmation: context.terminal.interactive && !readFlag(input, 'yes') && !dryRun,
  };
  const outcome = isDigest(ref)
    ? await deleteDigest(job, ref, options)
    : await (untag ? removeTag : deleteTag)(job, ref, options);
  return resultOf(store.label, outcome, dryRun);
}

/** No default tag here: what goes must be written. */
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

function removerOf(store: ReadStore): Remover {
  const { remove } = store.capabilities;
  if (remove !== undefined) return remove;
  throw new AppError('UNSUPPORTED', `nothing can be deleted from ${store.label}`);
}

async function deleteDigest(
  job: DeleteJob,
  digest: Digest,
  options: CallOptions,
): Promise<DeleteOutcome> {
  const { store, dryRun, needsConfirmation } = job;
  let tags: readonly string[] = [];
  if (dryRun || needsConfirmation) {
    await store.resolve(digest, options);
    tags = await tagsIfListed(job, digest, options);
  }
  await confirm(job, `${store.label}@${digest}`, tags, options);
  if (!dryRun) await job.remover.removeManifest(digest, options);
  return { digest, tags, manifest: true };
}

async function deleteTag(
  job: DeleteJob,
  tag: string,
  options: CallOptions,
): Promise<DeleteOutcome> {
  const { store, force, dryRun, context } = job;
  const { digest } = await store.resolve(tag, options);
  const siblings = force
    ? (await tagsIfListed(job, digest, options)).filter((other) => other !== tag)
    : await tagsOf(store, digest, context, options, tag);
  if (siblings.length > 0 && !force) throw sharedDigestError(store.label, tag, digest, siblings);
  const tags = [tag, ...siblings];
  await confirm(job, `${store.label}@${digest}`, tags, options);
  if (!dryRun) await job.remover.removeManifest(digest, options);
  return { digest, tags, manifest: true };
}

async function removeTag(
  job: DeleteJob,
  tag: string,
  options: CallOptions,
): Promise<DeleteOutcome> {
  const { digest } = await job.store.resolve(tag, options);
  await confirm(job, `the tag ${job.store.label}:${tag}`, [], options);
  if (!job.dryRun) await job.remover.untag(tag, options);
  return { digest, tags: [tag], manifest: false };
}

/** All tags of a digest but `except`. Whatever keeps one from being looked up is an error. */
async function tagsOf(
  store: ReadStore,
  digest: Digest,
  context: DeleteContext,
  options: CallOptions,
  except?: string,
): Promise<string[]> {
  const others: string[] = [];
  for await (const page of tagListerOf(store).tags(options)) {
    others.push(...page.filter((tag) => tag !== except));
  }
  const { concurrency } = context.flags;
  return tagsWithDigest(store, others, digest, { ...options, concurrency });
}

/** Here the tags are for information alone, so a registry that does not list them is no obstacle. */
async function tagsIfListed(
  job: DeleteJob,
  digest: Digest,
  options: CallOptions,
): Promise<string[]> {
  try {
    return await tagsOf(job.store, digest, job.context, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    job.context.warn(`which tags point at ${digest} is not known: ${error.message}`);
    return [];
  }
}

/** @throws AppError DECLINED */
async function confirm(
  { needsConfirmation, context }: DeleteJob,
  what: string,
  tags: readonly string[],
  options: CallOptions,
): Promise<void> {
  if (!needsConfirmation) return;
  const also = tags.length === 0 ? '' : ` with ${formatTagNames(tags)}`;
  if (await context.terminal.confirm(`Delete ${what}${also}?`, options)) return;
  throw new AppError('DECLINED', `${what} was not deleted`);
}

function sharedDigestError(
  label: string,
  tag: string,
  digest: Digest,
  siblings: readonly string[],
): AppError {
  return new AppError(
    'TAG_SHARED',
    `${label}:${tag} was not deleted: its digest ${digest} also has ${formatTagNames(siblings)}`,
    {
      hint: '--untag removes this tag alone, where the registry can; --force deletes the digest with all its tags.',
      details: { digest, tags: siblings },
    },
  );
}

const SHOWN_TAGS = 20;

function formatTagNames(tags: readonly string[]): string {
  const shown = tags.slice(0, SHOWN_TAGS).map(sanitize).join(', ');
  const more = tags.length - SHOWN_TAGS;
  const rest = more > 0 ? ` and ${more} more` : '';
  return `the ${tags.length === 1 ? 'tag' : 'tags'} ${shown}${rest}`;
}

function resultOf(
  label: string,
  { digest, tags, manifest }: DeleteOutcome,
  dryRun: boolean,
): Result {
  const verb = dryRun ? 'Would delete' : 'Deleted';
  const text = manifest
    ? `${verb} ${label}@${digest}${tags.length === 0 ? '' : `, and ${formatTagNames(tags)}`}`
    : `${dryRun ? 'Would remove' : 'Removed'} ${formatTagNames(tags)} from ${label}; ${digest} stays`;
  return {
    kind: 'value',
    json: { Repository: label, Digest: digest, Tags: tags, DryRun: dryRun },
    text: () => text,
  };
}

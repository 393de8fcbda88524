import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { formatReferrers, formatTagNames } from '../../retention/delete/errors.ts';
import { deleteManifest, removeTag, type Affected } from '../../retention/delete/image.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag, rejectTogether } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { resultOf } from './texts.ts';

type DeleteContext = Pick<
  Context,
  'flags' | 'locate' | 'openRead' | 'terminal' | 'warn' | 'note' | 'requestCount'
>;

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
  const needsConfirmation = context.terminal.interactive && !readFlag(input, 'yes') && !dryRun;
  const { warn, terminal, flags } = context;
  const removing = (untag ? removeTag : deleteManifest)(store, ref, {
    ...options,
    force,
    withReferrers,
    dryRun,
    concurrency: flags.concurrency,
    warn,
    confirm: needsConfirmation ? confirming(terminal) : undefined,
  });
  const outcome = await (readFlag(input, 'ignoreMissing') ? orMissing(removing) : removing);
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

/** Asks the user. @throws AppError DECLINED */
function confirming(terminal: Context['terminal']) {
  return async (
    what: string,
    { tags, referrers }: Affected,
    options: CallOptions,
  ): Promise<void> => {
    const parts = [
      ...(tags.length === 0 ? [] : [formatTagNames(tags)]),
      ...(referrers.length === 0 ? [] : [formatReferrers(referrers)]),
    ];
    const more = parts.length === 0 ? '' : ` with ${parts.join(' and ')}`;
    if (await terminal.confirm(`Delete ${what}${more}?`, options)) return;
    throw new AppError('DECLINED', `${what} was not deleted`);
  };
}

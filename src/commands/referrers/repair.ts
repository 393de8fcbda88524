import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { shortDigest } from '../../oci/digest.ts';
import type { RepairedReferrers } from '../../store/types.ts';
import { digestTagKind, subjectOfDigestTag } from '../../tags/digest-tags.ts';
import { requireRepository, tagListerOf } from '../../tags/find.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

interface Repaired extends RepairedReferrers {
  readonly tag: string;
  readonly subject: Digest;
}

/** Repairs the fallback tags of a repository. @throws AppError UNSUPPORTED outside of registries */
export async function run(
  context: Pick<Context, 'flags' | 'locate' | 'openWrite'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const name = readArgument(input, 0, 'REPOSITORY');
  const location = context.locate(name);
  requireRepository(location, name);
  await using store = await context.openWrite(location, 'single', options);
  const { referrers } = store.capabilities;
  if (referrers?.repair === undefined) {
    throw new AppError('UNSUPPORTED', `cannot repair ${location.text}: it is not a registry`, {
      hint: 'Fallback tags are repaired in registries.',
    });
  }
  const { concurrency } = context.flags;
  const deleteTag = readFlag(input, 'deleteTag');
  const repaired: Repaired[] = [];
  // Listed to the end first, as tags may go.
  const pages = await Array.fromAsync(tagListerOf(store).tags(options));
  for (const tag of pages.flat()) {
    const subject = digestTagKind(tag) === undefined ? subjectOfDigestTag(tag) : undefined;
    if (subject === undefined) continue;
    const one = await referrers.repair(subject, { ...options, deleteTag, concurrency });
    if (one.entries.length > 0) repaired.push({ ...one, tag, subject });
  }
  return {
    kind: 'value',
    json: { Repository: store.label, Tags: repaired.map(tagJson) },
    text: () => textOf(store.label, repaired),
    exit: repaired.some((one) => leftOf(one).length > 0) ? 1 : 0,
  };
}

/** Referrers that a registry with the API does not list, although their manifests are there. */
function leftOf({ hasApi, entries, moved, missing }: Repaired): readonly Digest[] {
  if (!hasApi) return [];
  return entries.filter((digest) => !moved.includes(digest) && !missing.includes(digest));
}

function tagJson(one: Repaired): object {
  return {
    Tag: one.tag,
    Subject: one.subject,
    Entries: one.entries,
    Completed: one.completed,
    Moved: one.moved,
    Left: leftOf(one),
    Missing: one.missing,
    TagDeleted: one.tagDeleted,
  };
}

function textOf(label: string, repaired: readonly Repaired[]): string {
  if (repaired.length === 0) return `${label} has no fallback tags`;
  return repaired.map(lineOf).join('\n');
}

function lineOf(one: Repaired): string {
  const left = leftOf(one).length;
  const parts = [
    `${one.entries.length} ${one.entries.length === 1 ? 'referrer' : 'referrers'}`,
    one.hasApi ? `${one.moved.length} listed by the API` : `${one.completed.length} completed`,
    ...(left > 0 ? [`${left} not listed by the API`] : []),
    ...(one.missing.length > 0 ? [`${one.missing.length} gone`] : []),
    ...(one.tagDeleted ? ['tag removed'] : []),
  ];
  return `${shortDigest(one.subject)}: ${parts.join(', ')}`;
}

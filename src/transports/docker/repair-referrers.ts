import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { isSubjectItself, referrersTag } from '../../registry/lists/referrers.ts';
import type { Repository } from '../../registry/types.ts';
import { describeReferrer } from '../../store/manifests.ts';
import type { RepairedReferrers, RepairOptions } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { lacks, type ReferrersTag } from './referrers-tag.ts';

/** An entry of a fallback tag, and its manifest if it exists. */
interface Entry {
  readonly listed: Descriptor;
  readonly raw: Uint8Array | undefined;
  /** As a registry with the referrers API lists it. */
  readonly described: Descriptor | undefined;
  /** Whether the manifest names the subject; else no API lists it there. */
  readonly isReferrer: boolean;
}

const NOTHING: RepairedReferrers = {
  hasApi: false,
  entries: [],
  completed: [],
  moved: [],
  missing: [],
  tagDeleted: false,
};

/**
 * Repairs the fallback tag of one subject (distribution-spec v1.1.1, "Referrers Tag Schema"). Without
 * the referrers API, entries get the artifact type and annotations of their manifests, which cosign
 * leaves out (cosign#5098). With it, each manifest is put again, byte for byte; it counts as moved
 * only when the API lists it. The tag is deleted only if every entry moved.
 */
export async function repairReferrers(
  repository: Repository,
  tag: ReferrersTag,
  subject: Digest,
  options: RepairOptions,
): Promise<RepairedReferrers> {
  const call = { signal: options.signal };
  const listed = await listedIn(repository, subject, call);
  if (listed === undefined) return NOTHING;
  const entries = await mapParallel(
    listed,
    options.concurrency,
    (one, own) => readEntry(repository, one, subject, own),
    call,
  );
  const result = {
    ...NOTHING,
    entries: digestsOf(entries),
    missing: digestsOf(entries.filter(({ raw }) => raw === undefined)),
  };
  const before = await repository.referrersByApi(subject, call);
  if (before === undefined) {
    return { ...result, completed: await complete(tag, subject, entries, call) };
  }
  const moved = await move(repository, subject, { entries, before }, options);
  const isWhole = entries.every(({ listed: { digest } }) => moved.includes(digest));
  const tagDeleted = options.deleteTag && isWhole && (await untag(repository, subject, call));
  return { ...result, hasApi: true, moved, tagDeleted };
}

async function listedIn(
  repository: Repository,
  subject: Digest,
  call: CallOptions,
): Promise<readonly Descriptor[] | undefined> {
  const answer = await orMissing(() => repository.getManifest(referrersTag(subject), call));
  if (answer === undefined || isSubjectItself(answer, subject)) return undefined;
  const manifest = parseManifest(answer.raw, answer.descriptor.mediaType);
  return manifest.kind === 'index' ? manifest.manifests : undefined;
}

async function readEntry(
  repository: Repository,
  listed: Descriptor,
  subject: Digest,
  call: CallOptions,
): Promise<Entry> {
  const answer = isManifestType(listed.mediaType)
    ? await orMissing(() => repository.getManifest(listed.digest, call))
    : undefined;
  if (answer === undefined) {
    return { listed, raw: undefined, described: undefined, isReferrer: false };
  }
  const manifest = parseManifest(answer.raw, listed.mediaType);
  const isReferrer = manifest.subject?.digest === subject;
  return { listed, raw: answer.raw, described: describeReferrer(manifest, listed), isReferrer };
}

async function complete(
  tag: ReferrersTag,
  subject: Digest,
  entries: readonly Entry[],
  call: CallOptions,
): Promise<readonly Digest[]> {
  const poor = entries.filter(
    ({ listed, described }) => described !== undefined && lacks(listed, described),
  );
  const described = poor.flatMap((one) => one.described ?? []);
  if (poor.length > 0) {
    await tag.complete(subject, new Map(described.map((one) => [one.digest, one])), call);
  }
  return digestsOf(poor);
}

/** Puts what the API does not list, and asks it again. */
async function move(
  repository: Repository,
  subject: Digest,
  {
    entries,
    before,
  }: { readonly entries: readonly Entry[]; readonly before: readonly Descriptor[] },
  { concurrency, signal }: RepairOptions,
): Promise<readonly Digest[]> {
  const known = new Set<Digest>(before.map(({ digest }) => digest));
  const toPut = entries.filter(({ listed, isReferrer }) => isReferrer && !known.has(listed.digest));
  const handled = await mapParallel(
    toPut,
    concurrency,
    async ({ listed, raw = new Uint8Array() }, call) => {
      const { digest, mediaType } = listed;
      const { subjectHandled } = await repository.putManifest(digest, raw, mediaType, call);
      return subjectHandled ? [digest] : [];
    },
    { signal },
  );
  const put = new Set(handled.flat());
  const after = put.size === 0 ? before : await repository.referrersByApi(subject, { signal });
  const listed = new Set((after ?? []).map(({ digest }) => digest));
  return digestsOf(entries).filter(
    (digest) => listed.has(digest) && (known.has(digest) || put.has(digest)),
  );
}

/** Only the tag: other tags may share the list, so its manifest is never deleted. */
async function untag(repository: Repository, subject: Digest, call: CallOptions): Promise<boolean> {
  try {
    await repository.deleteTag(referrersTag(subject), call);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'UNTAG_UNSUPPORTED') return false;
    throw error;
  }
}

async function orMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

function digestsOf(entries: readonly Entry[]): readonly Digest[] {
  return entries.map(({ listed }) => listed.digest);
}

import { copyTags, type TagOutcome, type TagsSummary } from '../../copy/copy-tags.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { EXIT_STATUS } from '../../errors/codes.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { openConverted } from '../../client/converted.ts';
import { conversionContext, copyRunOptions, type CopyContext, type CopyFlags } from './flags.ts';
import { startStats, countsJson, imageJson, nameWithDigest, type CommandStats } from './json.ts';
import { createDryRunRecorder, dryRunResult } from './dry-run.ts';
import {
  findMountSources,
  holdsReferrers,
  type CopyLocations,
} from '../../client/copy-locations.ts';
import { openCopyStores, openDryRunDestination } from './stores.ts';
import { createNameFilter } from '../../tags/filter.ts';
import { tagsByAge } from '../../tags/newest.ts';
import { highestFirst } from '../../tags/order.ts';
import { detailsOptions } from '../input/platform.ts';
import { readList, readText } from '../input/read.ts';
import { destinationTagNames, requireDistinctNames, tagOfName } from './tag-names.ts';
import { requireRepository, tagListerOf } from '../../tags/find.ts';
import { noteUnsignedCopies, trustedTags } from './trusted.ts';
import { isReminded, mayLook, UsualRequests } from './left-behind.ts';
import { copiedImages, remindOfMany } from './left-behind-many.ts';

interface RepositoryCopy {
  readonly locations: CopyLocations;
  readonly flags: CopyFlags;
}

/**
 * Copies the tags of a repository in one run. If a tag fails, copies the others and sets exit
 * status 1. @throws AppError USAGE; as copyTags does
 */
export async function copyRepository(
  context: CopyContext,
  input: Input,
  { locations, flags }: RepositoryCopy,
  options: CallOptions,
): Promise<Result> {
  requireRepository(locations.from, locations.from.text);
  requireRepository(withoutImageName(locations.to), locations.to.text);
  const destinationTag = destinationTagNames(locations);
  const shared = findMountSources(locations);
  if (shared.sameRepository === true)
    throw new AppError('USAGE', 'source and destination are the same repository');
  const cost = startStats(context);
  await using stores = await openCopyStores(context, locations, shared, options);
  const originals = new Map<string, Digest>();
  await using converted = await openConverted(
    conversionContext(context),
    stores.source,
    locations,
    { ...flags, onOriginal: (tag, digest) => void originals.set(tag, digest) },
  );
  const source = converted ?? stores.source;
  const sourceTags = await Array.fromAsync(allTags(source, options));
  const tags = await choose(context, input, flags, { source, sourceTags }, options);
  requireDistinctNames(tags, destinationTag);
  const trusted = await trustedTags(context, { locations, flags }, tags, options);
  const withTheirs = trusted.size > 0 && holdsReferrers(locations.to);
  const pins = new Map([...trusted].map(([tag, { digest }]) => [tag, digest]));
  const done = withTheirs ? { ...flags, referrers: true } : flags;
  const common = {
    ...copyRunOptions(context, done, options),
    pins,
    ...shared,
    source,
    sourceTags,
    tags,
    destinationTag,
  };
  if (flags.dryRun) {
    const recorder = createDryRunRecorder(context);
    await using destination = await openDryRunDestination(context, locations, stores, options);
    const wanted = flags.onlyMissing ? await missing(common, destination, options) : tags;
    const run = { ...common, tags: wanted, destination, emit: recorder.emit };
    const summary = await copyTags(run);
    const head = bodyOf(summary, cost());
    return dryRunResult(context, {
      locations,
      recorder,
      tags: destination.tags,
      head,
      ...exitOf(summary),
    });
  }
  const destination = await stores.destination();
  const wanted = flags.onlyMissing ? await missing(common, destination, options) : tags;
  const usual = new UsualRequests();
  const summary = await copyTags({
    ...common,
    tags: wanted,
    destination,
    emit(event) {
      usual.note(event);
      context.emit(event);
    },
  });
  noteImages(context, summary.images);
  noteUnsignedCopies(context, trusted, summary.images);
  if (isReminded(context, locations, done)) {
    const listed = { originals, sourceTags, copiedTags: new Set(tags) };
    const copied = copiedImages(stores.source, summary.images, listed);
    const counts = { sent: context.requestCount(), usual: usual.of(summary.images.length) };
    await remindOfMany(context, [copied], mayLook(context, locations.from, counts), options);
  }
  return resultOf(locations, destinationTag, summary, cost());
}

async function* allTags(source: ReadStore, options: CallOptions): AsyncGenerator<string> {
  for await (const page of tagListerOf(source).tags(options)) yield* page;
}

/** The tags that the destination lacks. */
async function missing(
  {
    tags,
    destinationTag,
  }: { readonly tags: readonly string[]; readonly destinationTag: (tag: string) => string },
  destination: ReadStore,
  options: CallOptions,
): Promise<readonly string[]> {
  const there = new Set<string>();
  try {
    for await (const tag of allTags(destination, options)) there.add(tag);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'REPOSITORY_UNKNOWN') throw error;
  }
  return tags.filter((tag) => !there.has(destinationTag(tag)));
}

async function choose(
  context: CopyContext,
  input: Input,
  { newest, allowEmpty }: CopyFlags,
  { source, sourceTags }: { readonly source: ReadStore; readonly sourceTags: readonly string[] },
  options: CallOptions,
): Promise<readonly string[]> {
  const semver = readText(input, 'semver');
  const keep = await createNameFilter({
    include: readList(input, 'include'),
    exclude: readList(input, 'exclude'),
    semver,
  });
  const kept = sourceTags.filter((tag) => keep(tagOfName(tag)));
  if (kept.length === 0) rejectEmpty(context, allowEmpty, source.label, sourceTags.length);
  if (newest === undefined || kept.length <= newest) return kept;
  if (semver !== undefined) return highestFirst(kept).slice(0, newest);
  const byAge = await tagsByAge(source, kept, detailsOptions(context, options));
  if (byAge.newestFirst.length === 0) {
    throw new AppError(
      'USAGE',
      `cannot choose the newest tags of ${source.label}: none has a date`,
      {
        hint: 'Choose by version: --semver "*"',
      },
    );
  }
  if (byAge.undated.length > 0) {
    const names = byAge.undated.map(sanitize).join(', ');
    context.warn(`tags without a date are left out of --newest: ${names}`);
  }
  return byAge.newestFirst.slice(0, newest);
}

/** @throws AppError MANIFEST_UNKNOWN unless `allowEmpty`: a filter may have a typo */
function rejectEmpty(
  context: CopyContext,
  allowEmpty: boolean,
  label: string,
  count: number,
): void {
  const text = count === 0 ? `${label} has no tags` : `no tag of ${label} matches (${count} tags)`;
  if (!allowEmpty) {
    throw new AppError('MANIFEST_UNKNOWN', `nothing was copied: ${text}`, {
      hint: 'If that is expected, add --allow-empty.',
    });
  }
  context.warn(`nothing was copied: ${text}`);
}

function noteImages(context: CopyContext, images: readonly TagOutcome[]): void {
  const failed = images.filter(({ error }) => error !== undefined);
  const unchanged = images.filter((one) => one.error === undefined && one.unchanged);
  const copied = images.length - failed.length - unchanged.length;
  const text = `tags: ${copied} copied, ${unchanged.length} unchanged, ${failed.length} failed`;
  if (failed.length === 0) context.note(text);
  else context.warn(`${text}: ${failed.map(({ tag }) => tag).join(', ')}`);
}

/** In a docker-archive, a name without a tag names the repository, not an image. */
function withoutImageName(to: CopyLocations['to']): CopyLocations['to'] {
  const { scheme, tag, text } = to;
  const isName =
    scheme === 'docker-archive' && tag !== undefined && !text.endsWith(`:${tagOfName(tag)}`);
  return isName ? { ...to, ref: undefined } : to;
}

function resultOf(
  { from, to }: CopyLocations,
  nameOf: (tag: string) => string,
  summary: TagsSummary,
  stats: CommandStats,
): Result {
  return {
    kind: 'value',
    json: {
      Source: repositoryNameOf(from),
      Destination: repositoryNameOf(to),
      ...bodyOf(summary, stats),
    },
    text: () =>
      summary.images
        .flatMap((one) =>
          one.error === undefined
            ? [nameWithDigest(`${repositoryNameOf(to)}:${nameOf(one.tag)}`, one.descriptor)]
            : [],
        )
        .join('\n'),
    ...exitOf(summary),
  };
}

function bodyOf(summary: TagsSummary, stats: CommandStats) {
  return { Images: summary.images.map(imageOf), ...countsJson(summary), ...stats };
}

function imageOf(one: TagOutcome): object {
  const { tag, error } = one;
  if (error !== undefined) {
    const { code, message, hint } = error;
    return { Tag: tag, Error: { code, message, hint: hint ?? null, exit: EXIT_STATUS[code] } };
  }
  return { Tag: tag, ...imageJson(one) };
}

function exitOf({ images }: TagsSummary): { readonly exit?: number } {
  return images.some(({ error }) => error !== undefined) ? { exit: 1 } : {};
}

/** The repository, without the default tag at the end of a location's text. */
function repositoryNameOf({ scheme, name }: CopyLocations['from']): string {
  return scheme === 'docker' ? name : `${scheme}:${name}`;
}

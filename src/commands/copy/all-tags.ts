import { copyTags, type TagOutcome, type TagsSummary } from '../../copy/copy-tags.ts';
import { AppError } from '../../errors/app-error.ts';
import { EXIT_STATUS } from '../../errors/codes.ts';
import type { CallOptions, ReadStore } from '../../store/types.ts';
import type { Context, Input, Result } from '../types.ts';
import { openConverted } from './conversion.ts';
import { pairOptions, type CopyFlags } from './flags.ts';
import { costSince, countsJson, imageJson, withDigest, type Cost } from './json.ts';
import { createPlan, planResult } from './dry-run.ts';
import { neighbours, openPair, openRehearsal, type CopyPlaces } from './stores.ts';
import { createNameFilter } from '../../tags/filter.ts';
import { newestFirst } from '../../tags/newest.ts';
import { listOf, textOf } from '../input/read.ts';
import { collectItems } from '../output/results.ts';
import { mustStayApart, tagNames, tagPart } from './tag-names.ts';
import { mustBeRepository, tagListerOf } from '../../tags/find.ts';

interface Wanted {
  readonly places: CopyPlaces;
  readonly flags: CopyFlags;
}

/**
 * Copies the tags of a repository in one run. A tag that fails is named, and the others are copied
 * all the same: exit 1. @throws AppError USAGE, as copyTags does
 */
export async function copyRepository(
  context: Context,
  input: Input,
  { places, flags }: Wanted,
  options: CallOptions,
): Promise<Result> {
  mustBeRepository(places.from, places.from.text);
  mustBeRepository(unnamed(places.to), places.to.text);
  const destinationTag = tagNames(context, places);
  const shared = neighbours(context, places);
  if (shared.sameRepository === true)
    throw new AppError('USAGE', 'source and destination are the same repository');
  const cost = costSince(context);
  await using pair = await openPair(context, places, shared, options);
  await using converted = await openConverted(context, pair.source, flags);
  const source = converted ?? pair.source;
  const sourceTags = await collectItems(allTags(source, options));
  const tags = await choose(context, input, flags, { source, sourceTags }, options);
  mustStayApart(tags, destinationTag);
  const common = {
    ...pairOptions(context, flags, options),
    ...shared,
    source,
    sourceTags,
    tags,
    destinationTag,
  };
  if (flags.dryRun) {
    const plan = createPlan(context);
    await using destination = await openRehearsal(context, places, pair, options);
    const summary = await copyTags({ ...common, destination, emit: plan.emit });
    const head = bodyOf(summary, cost());
    return planResult(context, { places, plan, tags: destination.tags, head, ...exitOf(summary) });
  }
  const destination = await pair.destination();
  const summary = await copyTags({
    ...common,
    destination,
    emit: (event) => context.emit(event),
  });
  tell(context, summary.images);
  return resultOf(places, destinationTag, summary, cost());
}

async function* allTags(source: ReadStore, options: CallOptions): AsyncGenerator<string> {
  for await (const page of tagListerOf(source).tags(options)) yield* page;
}

async function choose(
  context: Context,
  input: Input,
  { newest }: CopyFlags,
  { source, sourceTags }: { readonly source: ReadStore; readonly sourceTags: readonly string[] },
  options: CallOptions,
): Promise<readonly string[]> {
  const semver = textOf(input, 'semver');
  const keep = await createNameFilter({
    include: listOf(input, 'include'),
    exclude: listOf(input, 'exclude'),
    semver,
  });
  const kept = sourceTags.filter((tag) => keep(tagPart(tag)));
  if (kept.length === 0) {
    context.warn(
      sourceTags.length === 0
        ? `${source.label} has no tags`
        : `none of the ${sourceTags.length} tags of ${source.label} was chosen`,
    );
  }
  if (newest === undefined) return kept;
  const by = semver === undefined ? 'age' : 'version';
  return (await newestFirst(context, source, kept, by, options)).slice(0, newest);
}

function tell(context: Context, images: readonly TagOutcome[]): void {
  const failed = images.filter(({ error }) => error !== undefined);
  const unchanged = images.filter((one) => one.error === undefined && one.unchanged);
  const copied = images.length - failed.length - unchanged.length;
  const text = `tags: ${copied} copied, ${unchanged.length} unchanged, ${failed.length} failed`;
  if (failed.length === 0) context.note(text);
  else context.warn(`${text}: ${failed.map(({ tag }) => tag).join(', ')}`);
}

/** The name that a repository gets in an archive of Docker's is no image's yet. */
function unnamed(to: CopyPlaces['to']): CopyPlaces['to'] {
  const { scheme, tag, text } = to;
  const isName =
    scheme === 'docker-archive' && tag !== undefined && !text.endsWith(`:${tagPart(tag)}`);
  return isName ? { ...to, ref: undefined } : to;
}

function resultOf(
  { from, to }: CopyPlaces,
  nameOf: (tag: string) => string,
  summary: TagsSummary,
  cost: Cost,
): Result {
  return {
    json: { Source: placeOf(from), Destination: placeOf(to), ...bodyOf(summary, cost) },
    text: () =>
      summary.images
        .flatMap((one) =>
          one.error === undefined
            ? [withDigest(`${placeOf(to)}:${nameOf(one.tag)}`, one.descriptor)]
            : [],
        )
        .join('\n'),
    ...exitOf(summary),
  };
}

function bodyOf(summary: TagsSummary, cost: Cost) {
  return { Images: summary.images.map(imageOf), ...countsJson(summary), ...cost };
}

function imageOf(one: TagOutcome): object {
  const { tag, error } = one;
  if (error !== undefined) {
    const { code, message, hint } = error;
    return { Tag: tag, Error: { code, message, hint: hint ?? null, exit: EXIT_STATUS[code] } };
  }
  return { Tag: tag, ...imageJson(one), Outcome: one.unchanged ? 'unchanged' : 'copied' };
}

function exitOf({ images }: TagsSummary): { readonly exit?: number } {
  return images.some(({ error }) => error !== undefined) ? { exit: 1 } : {};
}

/** Without the default tag that a location's text ends in. */
function placeOf({ scheme, place }: CopyPlaces['from']): string {
  return scheme === 'docker' ? place : `${scheme}:${place}`;
}

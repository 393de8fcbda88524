import { buildTime } from '../../oci/created.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseDigest, shortDigest, type Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Location } from '../../transports/types.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import { createNameFilter, type NameFilter } from '../../tags/filter.ts';
import {
  digestTagKind,
  isDigestTag,
  isNamedAfterDigest,
  subjectOfDigestTag,
} from '../../tags/digest-tags.ts';
import { compareNames, compareVersions } from '../../tags/order.ts';
import { detailsOptions } from '../input/platform.ts';
import {
  readArgument,
  readFlag,
  readCount,
  readList,
  readText,
  rejectTogether,
} from '../input/read.ts';
import { renderTable } from '../output/table.ts';
import type { TagDetails } from '../../tags/details.ts';
import { requireRepository, tagListerOf, tagsWithDigest } from '../../tags/find.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';

export type TagsContext = Pick<Context, 'flags' | 'hostPlatform' | 'locate' | 'now' | 'openRead'>;

/** The parsed options, checked before the first request. */
interface Query {
  readonly keep: NameFilter;
  readonly sort: string | undefined;
  readonly reverse: boolean;
  readonly limit: number;
  readonly digest: Digest | undefined;
  readonly long: boolean;
  readonly last: string | undefined;
  readonly fullRef: boolean;
}

/** Lists the tags of a repository, as they arrive if no option needs all of them first. */
export async function run(
  context: TagsContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  return listTags(context, input, options, 'text');
}

/** The handler of `tags` and `list-tags`, which differ only in their default output. */
export async function listTags(
  context: TagsContext,
  input: Input,
  options: CallOptions,
  defaultOutput: 'text' | 'json',
): Promise<Result> {
  const sameAs = readText(input, 'sameAs');
  rejectTogether({
    '--same-as': sameAs !== undefined,
    '--digest': readText(input, 'digest') !== undefined,
  });
  const location = repositoryOf(context, input, sameAs);
  const query = await parseQuery(input, location, await digestOf(context, sameAs, options));
  if (query.sort === undefined && !query.reverse && !query.long && query.digest === undefined) {
    return stream(context, location, query, options, defaultOutput);
  }
  await using store = await context.openRead(location, 'single', options);
  const { tags, details } = await select(context, store, query, options);
  const head = { Repository: store.label, Tags: tags };
  return {
    kind: 'value',
    json: details === undefined ? head : { ...head, Details: details },
    text: (style) =>
      details === undefined
        ? tags.map((tag) => sanitize(shown(store, query, tag))).join('\n')
        : page(details, context.now(), style),
    defaultOutput,
  };
}

/** The repository argument; if absent, the repository of `--same-as`. */
function repositoryOf(
  { locate }: Pick<Context, 'locate'>,
  input: Input,
  sameAs: string | undefined,
): Location {
  if (input.args[0] === undefined && sameAs !== undefined) {
    return { ...locate(sameAs), ref: undefined, tag: undefined };
  }
  const name = readArgument(input, 0, 'REPOSITORY');
  const location = locate(name);
  requireRepository(location, name);
  return location;
}

async function digestOf(
  context: TagsContext,
  image: string | undefined,
  options: CallOptions,
): Promise<Digest | undefined> {
  if (image === undefined) return undefined;
  const location = context.locate(image);
  await using store = await context.openRead(location, 'single', options);
  return (await store.resolve(location.ref, options)).digest;
}

async function parseQuery(
  input: Input,
  { scheme }: Location,
  same: Digest | undefined,
): Promise<Query> {
  const digest = readText(input, 'digest');
  const named = await createNameFilter({
    include: readList(input, 'include'),
    exclude: readList(input, 'exclude'),
    semver: readText(input, 'semver'),
  });
  const withoutDigestTags = readFlag(input, 'noDigestTags');
  const last = readText(input, 'last');
  // A registry applies `last` itself; other stores list in the order of names.
  const isAfter = (tag: string): boolean => scheme === 'docker' || last === undefined || tag > last;
  return {
    keep: (tag) => named(tag) && isAfter(tag) && !(withoutDigestTags && isNamedAfterDigest(tag)),
    sort: readText(input, 'sort'),
    reverse: readFlag(input, 'reverse'),
    limit: readCount(input, 'limit', '--limit') ?? Infinity,
    digest: digest === undefined ? same : parseDigest(digest),
    long: readFlag(input, 'long'),
    last,
    fullRef: readFlag(input, 'fullRef'),
  };
}

async function stream(
  context: TagsContext,
  location: Location,
  query: Query,
  options: CallOptions,
  defaultOutput: 'text' | 'json',
): Promise<Result> {
  const store = await context.openRead(location, 'single', options);
  const items = async function* (): AsyncGenerator<string> {
    await using open = store;
    let left = query.limit;
    for await (const tag of filterPages(open, query, options)) {
      yield shown(open, query, tag);
      left -= 1;
      if (left === 0) return;
    }
  };
  return { kind: 'list', head: { Repository: store.label }, key: 'Tags', items, defaultOutput };
}

async function* filterPages(
  store: ReadStore,
  { keep, last }: Query,
  options: CallOptions,
): AsyncGenerator<string> {
  for await (const tags of tagListerOf(store).tags({ ...options, last })) {
    for (const tag of tags) if (keep(tag)) yield tag;
  }
}

/** Applies `--full-ref`, which affects text and lists but not details. */
function shown({ label }: ReadStore, { fullRef }: Query, tag: string): string {
  return fullRef ? `${label}:${tag}` : tag;
}

interface Selection {
  readonly tags: readonly string[];
  readonly details?: readonly TagDetails[];
}

async function select(
  context: TagsContext,
  store: ReadStore,
  query: Query,
  options: CallOptions,
): Promise<Selection> {
  let tags: readonly string[] = await Array.fromAsync(filterPages(store, query, options));
  if (query.digest !== undefined) {
    const { concurrency } = context.flags;
    tags = await tagsWithDigest(store, tags, query.digest, { ...options, concurrency });
  }
  const cut = <T>(list: readonly T[]): readonly T[] =>
    (query.reverse ? list.toReversed() : list).slice(0, query.limit);
  const describe = async (some: readonly string[]): Promise<readonly TagDetails[]> => {
    const { describeTags } = await import('../../tags/details.ts');
    return describeTags(store, some, detailsOptions(context, options));
  };
  if (query.sort === 'created') {
    const { sortByAge } = await import('../../tags/newest.ts');
    const sorted = sortByAge(await describe(tags), query.reverse ? 'newest' : 'oldest');
    const details = sorted.slice(0, query.limit);
    return query.long ? selection(details) : { tags: selection(details).tags };
  }
  if (query.sort !== undefined)
    tags = tags.toSorted(query.sort === 'name' ? compareNames : compareVersions);
  const chosen = cut(tags);
  return query.long ? selection(await describe(chosen)) : { tags: chosen };
}

function selection(details: readonly TagDetails[]): Required<Selection> {
  return { tags: details.map((one) => one.Name), details };
}

/** Replaces the platforms for a tag that only carries referrers. */
function digestTagNote(tag: string): string | undefined {
  if (!isDigestTag(tag)) return undefined;
  const subject = subjectOfDigestTag(tag);
  const of = subject === undefined ? '' : ` of ${shortDigest(subject)}`;
  return `${digestTagKind(tag) ?? 'referrers'}${of}`;
}

function page(details: readonly TagDetails[], now: Date, style: Style): string {
  return renderTable(
    [
      { title: 'TAG', shrink: true },
      { title: 'DIGEST' },
      { title: 'CREATED' },
      { title: 'SIZE', align: 'right' },
      { title: 'PLATFORMS', shrink: true },
    ],
    details.map((one) => [
      sanitize(one.Name),
      one.Digest === null ? '' : shortDigest(one.Digest as Digest),
      formatAge(buildTime(one.Created), now),
      one.Size === null ? '' : formatSize(one.Size),
      sanitize(digestTagNote(one.Name) ?? one.Platforms.join(', ')),
    ]),
    style,
  );
}

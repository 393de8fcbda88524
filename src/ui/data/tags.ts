import type { ReadStore } from '../../store/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import { compareNames, compareVersions } from '../../tags/order.ts';
import type { CallOptions } from '../../util/abort.ts';
import { nameMatcher } from './filter.ts';
import { completeRows, readRows, unreadRow, type TagRow, type TagsReader } from './tag-rows.ts';

export const ROWS_PER_PAGE = 20;
/** Requests of a page; script reads the rows that are left. */
const MAX_REQUESTS = 21;
/** Rows that are read even if the list alone takes many requests. */
const MIN_ROWS = 4;
/** Tags whose manifests one page may read, to sort by their dates or sizes. */
export const MAX_READ = 1_000;
const MAX_NAMES = 200_000;

export const SORTS = ['version', 'name', 'created', 'size'] as const;
export type Sort = (typeof SORTS)[number];

export interface TagsQuery {
  readonly filter: string;
  readonly sort: Sort;
  /** From 1. */
  readonly page: number;
  /** Also lists the tags that hold signatures and referrers. */
  readonly digestTags: boolean;
  /** Reads the digests of all tags, so that tags of one digest share a row. */
  readonly all: boolean;
  /** Reads dates and sizes, which takes two or three requests for each image. */
  readonly details: boolean;
  /** Shows the manifests that no tag names. */
  readonly untagged: boolean;
}

/** What the registry lists, before any row is read. */
export interface TagList {
  readonly names: readonly string[];
  /** How many of them are named after a digest. */
  readonly digestTags: number;
  /** Pages of the registry's list. */
  readonly requests: number;
}

export interface TagsPage {
  readonly matching: number;
  /** Tags whose digest is known. */
  readonly read: number;
  /** Rows of the page that were left to script. */
  readonly unread: number;
  readonly rows: readonly TagRow[];
  readonly page: number;
  readonly pages: number;
  /** What the rows are sorted by. */
  readonly sort: Sort;
  /** Whether there are too many tags to read them all for one page. */
  readonly limited: boolean;
}

export async function readTagsPage(
  reader: TagsReader,
  { names, requests }: TagList,
  query: TagsQuery,
): Promise<TagsPage> {
  const matches = nameMatcher(query.filter);
  const matching = names.filter(
    (name) => (query.digestTags || !isDigestTag(name)) && matches(name),
  );
  const sort = sortFor(reader, query);
  const byFacts = sort === 'created' || sort === 'size';
  const sorted = matching.toSorted(
    sort === 'name' ? compareNames : (a, b) => compareVersions(b, a),
  );
  const readsAll = query.all || byFacts || sorted.length <= ROWS_PER_PAGE;
  const limited = readsAll && sorted.length > MAX_READ;
  const wanted = readsAll ? sorted.slice(0, MAX_READ) : pageOf(sorted, query.page).items;
  // All rows are read in full only to sort by that; else the rows of the page are.
  const isLate = readsAll || query.details || reader.isMetered;
  const count = isLate ? wanted.length : Math.max(MIN_ROWS, MAX_REQUESTS - requests);
  const found = await readRows(reader, wanted.slice(0, count), names);
  const full = byFacts ? await completeRows(reader, found) : found;
  const all = [...sortRows(full, sort), ...wanted.slice(count).map(unreadRow)];
  const { items, ...place } = readsAll
    ? pageOf(all, query.page)
    : { ...pageOf(sorted, query.page), items: all };
  return {
    matching: matching.length,
    read: Math.min(count, wanted.length),
    unread: Math.max(0, wanted.length - count),
    rows: query.details && !byFacts ? await completeRows(reader, items) : items,
    ...place,
    sort,
    limited,
  };
}

/** Where reading counts as pulls, nothing is sorted by what only reading every image tells. */
export function sortFor({ isMetered }: Pick<TagsReader, 'isMetered'>, { sort }: TagsQuery): Sort {
  return isMetered && (sort === 'created' || sort === 'size') ? 'version' : sort;
}

/** Names that match a filter, without those that hold signatures and referrers. */
export async function matchingTags(
  store: ReadStore,
  filter: string,
  options: CallOptions,
): Promise<readonly string[]> {
  const matches = nameMatcher(filter);
  const { names } = await listTags(store, options);
  return names.filter((name) => !isDigestTag(name) && matches(name));
}

export async function listTags(store: ReadStore, options: CallOptions): Promise<TagList> {
  let requests = 0;
  const names = new Set<string>();
  for await (const page of tagListerOf(store).tags(options)) {
    requests += 1;
    for (const name of page) names.add(name);
    if (names.size >= MAX_NAMES) break;
  }
  return { names: [...names], digestTags: [...names].filter(isDigestTag).length, requests };
}

export function pageOf<T>(
  items: readonly T[],
  wanted: number,
): { readonly items: readonly T[]; readonly page: number; readonly pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / ROWS_PER_PAGE));
  const page = Math.min(wanted, pages);
  const start = (page - 1) * ROWS_PER_PAGE;
  return { items: items.slice(start, start + ROWS_PER_PAGE), page, pages };
}

function sortRows(rows: readonly TagRow[], sort: Sort): readonly TagRow[] {
  if (sort !== 'created' && sort !== 'size') return rows;
  // What has no date or size comes last.
  const value = (row: TagRow): number => row.facts?.[sort] ?? -1;
  return rows.toSorted((a, b) => value(b) - value(a));
}

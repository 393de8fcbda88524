import { AppError } from '../../errors/app-error.ts';
import { buildTime } from '../../oci/created.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import { describeImage } from '../../tags/details.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import { compareNames, compareVersions } from '../../tags/order.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { factsOf, type FactsCache, type ManifestFacts } from './facts.ts';
import { nameMatcher } from './filter.ts';
import { proofKind } from './proofs.ts';

export const ROWS_PER_PAGE = 20;
/** Tags whose manifests one page may read, to sort by their dates or sizes. */
const MAX_READ = 1_000;
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
}

/** One image of a repository and the tags that were found to point to it. */
export interface TagRow {
  readonly tags: readonly string[];
  readonly digest: Digest | undefined;
  readonly facts: ManifestFacts | undefined;
  /** Words for what cosign stores under tags named after the digest: "sig". */
  readonly attached: readonly string[];
  /** Why nothing is known: the tag's manifest is gone or invalid. */
  readonly problem: string | undefined;
}

export interface TagsPage {
  /** Names in the list of the registry. */
  readonly total: number;
  /** Of these, named after a digest. */
  readonly digestTags: number;
  readonly matching: number;
  /** Tags whose digest is known. */
  readonly read: number;
  readonly rows: readonly TagRow[];
  readonly page: number;
  readonly pages: number;
  /** What the rows are sorted by. */
  readonly sort: Sort;
  /** Whether there are too many tags to read them all for one page. */
  readonly limited: boolean;
}

export interface TagsReader extends CallOptions {
  readonly store: ReadStore;
  readonly cache: FactsCache;
  readonly host: Platform;
  readonly concurrency: number;
  /** A GET of a manifest counts as a pull: only digests are asked for unless details are wanted. */
  readonly isMetered: boolean;
}

export async function readTagsPage(reader: TagsReader, query: TagsQuery): Promise<TagsPage> {
  const names = await listNames(reader);
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
  const all = sortRows(await readRows(reader, wanted, { names, details: byFacts }), sort);
  const { items, ...place } = readsAll
    ? pageOf(all, query.page)
    : { ...pageOf(sorted, query.page), items: all };
  return {
    total: names.length,
    digestTags: names.filter(isDigestTag).length,
    matching: matching.length,
    read: wanted.length,
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

/** Reads the rest of a row: date, size and what refers to the image. */
export async function readRow(
  reader: TagsReader,
  digest: Digest,
  tags: readonly string[],
): Promise<TagRow> {
  const facts = await completeFacts(reader, digest);
  return { tags, digest, facts, attached: [], problem: undefined };
}

/** Names that match a filter, without those that hold signatures and referrers. */
export async function matchingTags(
  store: ReadStore,
  filter: string,
  options: CallOptions,
): Promise<readonly string[]> {
  const matches = nameMatcher(filter);
  const names = await listNames({ store, ...options });
  return names.filter((name) => !isDigestTag(name) && matches(name));
}

async function listNames({
  store,
  signal,
}: Pick<TagsReader, 'store' | 'signal'>): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const page of tagListerOf(store).tags({ signal })) {
    for (const name of page) names.add(name);
    if (names.size >= MAX_NAMES) break;
  }
  return [...names];
}

function pageOf<T>(
  items: readonly T[],
  wanted: number,
): { readonly items: readonly T[]; readonly page: number; readonly pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / ROWS_PER_PAGE));
  const page = Math.min(wanted, pages);
  const start = (page - 1) * ROWS_PER_PAGE;
  return { items: items.slice(start, start + ROWS_PER_PAGE), page, pages };
}

async function readRows(
  reader: TagsReader,
  wanted: readonly string[],
  { names, details }: { readonly names: readonly string[]; readonly details: boolean },
): Promise<readonly TagRow[]> {
  const { concurrency, signal } = reader;
  const read = (tag: string, call: CallOptions): Promise<TagRow> =>
    readTag({ ...reader, ...call }, tag);
  const single = await mapParallel(wanted, concurrency, read, { signal });
  const rows = grouped(single).map((row) => ({ ...row, attached: attachedTo(row.digest, names) }));
  return details ? completeRows(reader, rows) : rows;
}

/** Reads dates, sizes and referrers. */
function completeRows(reader: TagsReader, rows: readonly TagRow[]): Promise<TagRow[]> {
  const { concurrency, signal } = reader;
  return mapParallel(
    rows,
    concurrency,
    async (row, call) =>
      row.digest === undefined || row.problem !== undefined
        ? row
        : { ...row, facts: await completeFacts({ ...reader, ...call }, row.digest) },
    { signal },
  );
}

/** Errors that concern one image, so that the others are shown. */
const OF_ONE_IMAGE: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'INVALID_MANIFEST',
  'INVALID_CONFIG',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'UNSUPPORTED',
]);

async function readTag(reader: TagsReader, tag: string): Promise<TagRow> {
  const { store, cache, isMetered, signal } = reader;
  const row = { tags: [tag], attached: [], problem: undefined, facts: undefined };
  let digest: Digest | undefined;
  try {
    const purpose = isMetered ? 'descriptor' : 'content';
    const root = await store.resolve(tag, { signal, purpose, trustAbsence: true });
    digest = root.digest;
    const known = cache.get(digest);
    if (known !== undefined || isMetered) return { ...row, digest, facts: known };
    const facts = cache.set(digest, factsOf(await fetchManifest(store, root, { signal })));
    return { ...row, digest, facts };
  } catch (error) {
    if (!(error instanceof AppError) || !OF_ONE_IMAGE.has(error.code)) throw error;
    return { ...row, digest, problem: error.message };
  }
}

async function completeFacts(
  { store, cache, host, signal }: TagsReader,
  digest: Digest,
): Promise<ManifestFacts> {
  const known = cache.get(digest);
  if (known?.complete === true && known.referrers !== undefined) return known;
  const facts =
    known ??
    factsOf(
      await fetchManifest(store, await store.resolve(digest, { signal, purpose: 'content' }), {
        signal,
      }),
    );
  const [info, referrers] = await Promise.all([
    facts.complete ? undefined : describeImage(store, digest, { host, signal }),
    referrersOf(store, digest, { signal }),
  ]);
  return cache.set(digest, {
    ...facts,
    created: facts.created ?? buildTime(info?.Created),
    size: facts.size ?? info?.Size ?? undefined,
    platforms: facts.platforms.length > 0 ? facts.platforms : (info?.Platforms ?? []),
    referrers,
    complete: true,
  });
}

const MAX_REFERRERS = 100;

async function referrersOf(
  store: ReadStore,
  digest: Digest,
  options: CallOptions,
): Promise<readonly string[]> {
  const kinds: string[] = [];
  try {
    for await (const one of store.capabilities.referrers?.referrers(digest, options) ?? []) {
      kinds.push(proofKind(digest, one));
      if (kinds.length >= MAX_REFERRERS) break;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
  }
  return kinds;
}

function grouped(rows: readonly TagRow[]): readonly TagRow[] {
  const groups = new Map<string, TagRow>();
  for (const row of rows) {
    const key = row.digest ?? `tag ${row.tags[0]}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? row : { ...known, tags: [...known.tags, ...row.tags] });
  }
  return [...groups.values()];
}

function attachedTo(digest: Digest | undefined, names: readonly string[]): readonly string[] {
  if (digest === undefined) return [];
  const start = `${digest.replace(':', '-')}.`;
  return names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
}

function sortRows(rows: readonly TagRow[], sort: Sort): readonly TagRow[] {
  if (sort !== 'created' && sort !== 'size') return rows;
  // What has no date or size comes last.
  const value = (row: TagRow): number => row.facts?.[sort] ?? -1;
  return rows.toSorted((a, b) => value(b) - value(a));
}

import { AppError } from '../../errors/app-error.ts';
import { buildTime } from '../../oci/created.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import { describeImage } from '../../tags/details.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { factsOf, type FactsCache, type ManifestFacts } from './facts.ts';
import { proofKind } from './proofs.ts';

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

export interface TagsReader extends CallOptions {
  readonly store: ReadStore;
  readonly cache: FactsCache;
  readonly host: Platform;
  readonly concurrency: number;
  /** A GET of a manifest counts as a pull: only digests are asked for unless details are wanted. */
  readonly isMetered: boolean;
}

/** The row of a tag that was not read. */
export function unreadRow(tag: string): TagRow {
  return { tags: [tag], digest: undefined, facts: undefined, attached: [], problem: undefined };
}

/** Reads one row in full: of a digest and its known tags, or of a tag. */
export async function readRow(
  reader: TagsReader,
  digest: Digest | undefined,
  tags: readonly string[],
): Promise<TagRow> {
  const [first = ''] = tags;
  const row = digest === undefined ? await readTag(reader, first) : { ...unreadRow(first), digest };
  return completeRow(reader, { ...row, tags });
}

/** Reads tags, one request each; those of one digest share a row. */
export async function readRows(
  reader: TagsReader,
  wanted: readonly string[],
  names: readonly string[],
): Promise<readonly TagRow[]> {
  const { concurrency, signal } = reader;
  const read = (tag: string, call: CallOptions): Promise<TagRow> =>
    readTag({ ...reader, ...call }, tag);
  const single = await mapParallel(wanted, concurrency, read, { signal });
  return grouped(single).map((row) => ({ ...row, attached: attachedTo(row.digest, names) }));
}

/** Reads dates, sizes and referrers. */
export function completeRows(
  reader: TagsReader,
  rows: readonly TagRow[],
): Promise<readonly TagRow[]> {
  const { concurrency, signal } = reader;
  return mapParallel(rows, concurrency, (row, call) => completeRow({ ...reader, ...call }, row), {
    signal,
  });
}

async function completeRow(reader: TagsReader, row: TagRow): Promise<TagRow> {
  const { digest } = row;
  if (digest === undefined || row.problem !== undefined) return row;
  return orProblem(row, async () => ({ ...row, facts: await completeFacts(reader, digest) }));
}

/** When the image of a tag was built, in milliseconds since 1970. */
export async function readCreated(reader: TagsReader, tag: string): Promise<number | undefined> {
  const { digest, facts } = await readTag(reader, tag);
  if (digest === undefined || facts === undefined) return undefined;
  if (facts.created !== undefined || facts.complete) return facts.created;
  const { store, host, signal } = reader;
  return buildTime((await describeImage(store, digest, { host, signal })).Created);
}

/** Errors that concern one image, so that the others are shown. */
export const OF_ONE_IMAGE: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'INVALID_MANIFEST',
  'INVALID_CONFIG',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'UNSUPPORTED',
]);

async function orProblem(row: TagRow, read: () => Promise<TagRow>): Promise<TagRow> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AppError) || !OF_ONE_IMAGE.has(error.code)) throw error;
    return { ...row, problem: error.message };
  }
}

async function readTag(reader: TagsReader, tag: string): Promise<TagRow> {
  const { store, cache, isMetered, signal } = reader;
  const row = unreadRow(tag);
  return orProblem(row, async () => {
    const purpose = isMetered ? 'descriptor' : 'content';
    const root = await store.resolve(tag, { signal, purpose, trustAbsence: true });
    const { digest } = root;
    const known = cache.get(digest);
    if (known !== undefined || isMetered) return { ...row, digest, facts: known };
    return orProblem({ ...row, digest }, async () => {
      const facts = cache.set(digest, factsOf(await fetchManifest(store, root, { signal })));
      return { ...row, digest, facts };
    });
  });
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

import { isDigest } from '../../oci/digest.ts';
import { asRecord } from '../../util/json.ts';
import { byteText } from '../tar/byte-text.ts';
import type { FileType, Inode, TarEntry } from '../tar/entry.ts';
import { plainPath } from '../tar/plain-path.ts';

/** A stretch of a file's content that is compressed by itself. */
export interface Chunk {
  /** In the file. */
  readonly position: number;
  readonly size: number;
  /** Of the bytes; a hole has none. */
  readonly digest: string;
  /** Where it is in the layer; absent for a hole, which is all zeros. */
  readonly stored?: StoredChunk;
}

export interface StoredChunk {
  readonly offset: number;
  /** Where the next one begins, or later. */
  readonly end: number;
  /** Bytes of others that stand before it once it is decompressed. */
  readonly inner: number;
}

/** A member of the table, as eStargz and zstd:chunked name its fields. */
type Member = Readonly<Record<string, unknown>>;

const TYPES: Readonly<Record<string, FileType>> = {
  dir: 'directory',
  reg: 'file',
  symlink: 'symlink',
  // As the reader of tars has it: a hard link has the type of its target.
  hardlink: 'symlink',
  char: 'char',
  block: 'block',
  fifo: 'fifo',
};

/** What is wrong with a table; the layer itself is read instead. */
export class TableError extends Error {}

/**
 * The table of contents of a layer (containerd's stargz-snapshotter, estargz.md; containers/storage,
 * zstd-chunked). `dataEnd`: where the last content ends.
 * @throws TableError, HeaderError
 */
export class LayerTable {
  readonly entries: readonly TarEntry[];
  readonly #json: string;
  readonly #dataEnd: number;

  /** `own`: entries of the layer that the table leaves out, which stand last. */
  constructor(json: Uint8Array, dataEnd: number, own: readonly TarEntry[] = []) {
    this.#json = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
    this.#dataEnd = dataEnd;
    // Go's encoder writes this for bytes that are not UTF-8: the names are not known.
    if (/\ufffd|\\ufffd/iu.test(this.#json)) throw new TableError('names are not UTF-8');
    const files = this.#members().filter((one) => one['type'] !== 'chunk');
    this.entries = [...files.map(entryOf), ...own].map((entry, index) => {
      entry.inode.index = index;
      return entry;
    });
  }

  /**
   * The chunks of the content of a file, in their order; `undefined` unless each has a digest and
   * they are all of it.
   */
  chunksOf({ index, size }: Inode): readonly Chunk[] | undefined {
    if (size === 0) return [];
    const members = this.#members();
    const starts = members.flatMap((one, at) => (one['type'] === 'chunk' ? [] : [at]));
    const first = starts[index];
    if (first === undefined) return undefined;
    const own = members.slice(first, starts[index + 1]);
    const ends = endsOf(members);
    const chunks: Chunk[] = [];
    let position = 0;
    for (const one of own) {
      if (numberOf(one, 'chunkOffset') !== position) return undefined;
      const length = numberOf(one, 'chunkSize') || size - position;
      const digest = textOf(one, 'chunkDigest') || (own.length === 1 ? textOf(one, 'digest') : '');
      const isHole = one['chunkType'] === 'zeros';
      if (length <= 0 || (!isHole && !isDigest(digest))) return undefined;
      const offset = numberOf(one, 'offset');
      const end = firstAbove(ends, offset) ?? this.#dataEnd;
      if (!isHole && end <= offset) return undefined;
      const stored = { offset, end, inner: numberOf(one, 'innerOffset') };
      chunks.push({ position, size: length, digest, ...(isHole ? {} : { stored }) });
      position += length;
    }
    return position === size ? chunks : undefined;
  }

  /** Parsed when it is needed: a layer can have 100,000 of these. */
  #members(): readonly Member[] {
    let json: unknown;
    try {
      json = JSON.parse(this.#json);
    } catch (error) {
      throw new TableError('it is no JSON', { cause: error });
    }
    const { version, entries } = asRecord(json);
    if (version !== 1 || !Array.isArray(entries)) throw new TableError('its version is not 1');
    return entries.map(asRecord);
  }
}

/** Offsets at which something begins or ends. */
function endsOf(members: readonly Member[]): readonly number[] {
  const all = members.flatMap((one) => [numberOf(one, 'offset'), numberOf(one, 'endOffset')]);
  return [...new Set(all)].filter((one) => one > 0).toSorted((a, b) => a - b);
}

/** By halves: a hostile table has as many as fit. */
function firstAbove(sorted: readonly number[], offset: number): number | undefined {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0) > offset) to = middle;
    else from = middle + 1;
  }
  return sorted[from];
}

function textOf(member: Member, key: string): string {
  const own = member[key] ?? '';
  if (typeof own !== 'string') throw new TableError(`its ${key} is no text`);
  return own;
}

function numberOf(member: Member, key: string): number {
  const own = member[key] ?? 0;
  if (typeof own !== 'number' || !Number.isSafeInteger(own) || own < 0)
    throw new TableError(`its ${key} is no size`);
  return own;
}

function xattrsOf(member: Member): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(asRecord(member['xattrs'])).map(([name, encoded]) => [
      byteText(name),
      Buffer.from(String(encoded), 'base64').toString('latin1'),
    ]),
  );
}

function entryOf(member: Member): TarEntry {
  const kind = textOf(member, 'type');
  const type = TYPES[kind];
  if (type === undefined) throw new TableError(`it has a member of type ${kind}`);
  const xattrs = xattrsOf(member);
  const isHardLink = kind === 'hardlink';
  const link = byteText(textOf(member, 'linkName'));
  const isDevice = type === 'char' || type === 'block';
  return {
    path: plainPath(byteText(textOf(member, 'name'))),
    hardLink: isHardLink ? plainPath(link) : undefined,
    inode: {
      type,
      mode: numberOf(member, 'mode') & 0o7777,
      uid: numberOf(member, 'uid'),
      gid: numberOf(member, 'gid'),
      size: type === 'file' ? numberOf(member, 'size') : 0,
      mtime: secondsOf(textOf(member, 'modtime')),
      layer: 0,
      index: 0,
      ...(type === 'symlink' && !isHardLink ? { link } : {}),
      ...(isDevice
        ? { device: [numberOf(member, 'devMajor'), numberOf(member, 'devMinor')] as const }
        : {}),
      ...(xattrs.size > 0 ? { xattrs } : {}),
    },
  };
}

/** RFC 3339; 0 without a time. */
function secondsOf(time: string): number {
  const parsed = Date.parse(time);
  return Number.isNaN(parsed) ? 0 : parsed / 1000;
}

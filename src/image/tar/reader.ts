import { displayed, type ByteText } from './byte-text.ts';
import type { FileType, Inode, TarEntry, TarEvent } from './entry.ts';
import { plainPath } from './plain-path.ts';
import {
  badMap,
  OLD_SPARSE,
  RangeLines,
  readOldRanges,
  SparseContent,
  type SparseMap,
  type SparseRange,
} from './sparse.ts';
import { MAX_EXTENDED_BYTES, readExtended, type ExtendedFields } from './extended.ts';
import {
  BLOCK_BYTES,
  decodeFields,
  HeaderError,
  isZeroBlock,
  numberAt,
  paddingOf,
  type HeaderFields,
} from './header.ts';

/** Largest size of one file: no layer holds more, and a sparse file can claim anything. */
const MAX_FILE_BYTES = 2 ** 40;

/** Flags of all but regular files; POSIX says to treat unknown flags as files. */
const TYPES: Readonly<Record<string, FileType>> = {
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  // GNU's directory with a list of names, for incremental archives.
  D: 'directory',
};

/** What the next bytes are. */
type Next =
  | { readonly kind: 'header' }
  | { readonly kind: 'extended'; readonly flag: string; readonly size: number }
  | { readonly kind: 'old-ranges'; readonly header: HeaderFields; readonly realSize: number }
  | { readonly kind: 'data-ranges'; readonly lines: RangeLines }
  | { readonly kind: 'end' };

/**
 * Reads the tar of a layer as its bytes arrive: any format, GNU and PAX extended headers, sparse
 * files in GNU's four formats. tar-stream knows no sparse files and decodes names as UTF-8; and
 * this reader takes a tenth of its time (docs/decisions.md).
 */
export class TarReader {
  readonly #wantsContent: (entry: TarEntry) => boolean;
  #next: Next = { kind: 'header' };
  /** The part of a block that has arrived, if a chunk ended in it. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #extended: ExtendedFields = {};
  #extendedBytes = 0;
  #oldRanges: SparseRange[] = [];
  #zeroBlocks = 0;
  #entries = 0;
  /** Bytes of content that are still to come, and the padding after them. */
  #content = 0;
  #skip = 0;
  #isWanted = false;
  #sparse: SparseContent | undefined;

  /** `wantsContent`: whether the content of an entry comes after it. */
  constructor(wantsContent: (entry: TarEntry) => boolean = () => false) {
    this.#wantsContent = wantsContent;
  }

  /** The events in the next bytes; pieces of content share the chunk's memory. @throws HeaderError */
  push(chunk: Uint8Array): readonly TarEvent[] {
    const events: TarEvent[] = [];
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#content > 0 && this.#next.kind !== 'data-ranges') {
        const size = Math.min(this.#content, bytes.byteLength - at);
        if (this.#isWanted) this.#pass(bytes.subarray(at, at + size), events);
        this.#content -= size;
        at += size;
      } else if (this.#skip > 0) {
        const size = Math.min(this.#skip, bytes.byteLength - at);
        this.#skip -= size;
        at += size;
      } else if (this.#next.kind === 'end') break;
      else {
        const wanted = this.#next.kind === 'extended' ? this.#next.size : BLOCK_BYTES;
        const size = Math.min(wanted - this.#gatheredBytes, bytes.byteLength - at);
        const piece = bytes.subarray(at, at + size);
        at += size;
        const block = this.#gather(piece, wanted);
        if (block !== undefined) this.#take(block, events);
      }
    }
    return events;
  }

  /** @throws HeaderError if the bytes end within a member */
  finish(): void {
    const isWithin = this.#content + this.#skip + this.#gatheredBytes + this.#extendedBytes > 0;
    if (isWithin || (this.#next.kind !== 'header' && this.#next.kind !== 'end'))
      throw new HeaderError('it is cut short');
  }

  #gather(piece: Buffer, wanted: number): Buffer | undefined {
    if (this.#gatheredBytes === 0 && piece.byteLength === wanted) return piece;
    // A copy, because the memory of the chunk may be used again.
    this.#gathered.push(Buffer.from(piece));
    this.#gatheredBytes += piece.byteLength;
    if (this.#gatheredBytes < wanted) return undefined;
    const whole = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return whole;
  }

  #take(block: Buffer, events: TarEvent[]): void {
    switch (this.#next.kind) {
      case 'header':
        return this.#takeHeader(block, events);
      case 'extended':
        return this.#takeExtended(this.#next.flag, block);
      case 'old-ranges': {
        const { header, realSize } = this.#next;
        this.#addExtendedBytes(BLOCK_BYTES);
        if (readOldRanges(block, OLD_SPARSE.next, this.#oldRanges)) return;
        return this.#takeMember(header, events, { ranges: this.#oldRanges, realSize });
      }
      case 'data-ranges': {
        this.#addExtendedBytes(BLOCK_BYTES);
        this.#content -= BLOCK_BYTES;
        const ranges = this.#next.lines.push(block);
        if (ranges !== undefined) this.#startSparse(ranges, events);
        else if (this.#content < BLOCK_BYTES) throw badMap();
        return;
      }
      case 'end':
    }
  }

  #takeHeader(block: Buffer, events: TarEvent[]): void {
    if (isZeroBlock(block)) {
      if (this.#extendedBytes > 0) throw new HeaderError('an extended header describes no entry');
      this.#zeroBlocks += 1;
      // What follows two zero blocks belongs to no entry.
      if (this.#zeroBlocks === 2) this.#next = { kind: 'end' };
      return;
    }
    if (this.#zeroBlocks > 0) throw new HeaderError('an entry follows a zero block');
    const header = decodeFields(block);
    if ('xgXLK'.includes(header.flag)) {
      this.#addExtendedBytes(BLOCK_BYTES + header.size);
      if (header.size > 0) this.#next = { kind: 'extended', flag: header.flag, size: header.size };
      return;
    }
    if (header.flag !== 'S') return this.#takeMember(header, events);
    const realSize = numberAt(block, OLD_SPARSE.first.realSize, OLD_SPARSE.first.realSize + 12);
    this.#oldRanges = [];
    const more = readOldRanges(block, OLD_SPARSE.first, this.#oldRanges);
    if (more) this.#next = { kind: 'old-ranges', header, realSize };
    else this.#takeMember(header, events, { ranges: this.#oldRanges, realSize });
  }

  #addExtendedBytes(size: number): void {
    this.#extendedBytes += size;
    if (this.#extendedBytes > MAX_EXTENDED_BYTES)
      throw new HeaderError(`the headers of an entry exceed ${MAX_EXTENDED_BYTES} bytes`);
  }

  #takeExtended(flag: string, body: Buffer): void {
    this.#next = { kind: 'header' };
    this.#skip = paddingOf(body.byteLength);
    readExtended(flag, body, this.#extended);
  }

  #takeMember(header: HeaderFields, events: TarEvent[], oldSparse?: SparseMap): void {
    const extended = this.#extended;
    this.#extended = {};
    this.#extendedBytes = 0;
    this.#next = { kind: 'header' };
    const name = extended.gnuName ?? extended.name ?? header.name;
    const type = typeOf(header.flag, name);
    const stored = type === 'file' || header.flag === 'D' ? (extended.size ?? header.size) : 0;
    if (stored < 0) throw new HeaderError(`the entry "${displayed(name)}" has a negative size`);
    this.#content = stored;
    this.#skip = paddingOf(stored);
    this.#isWanted = false;
    this.#sparse = undefined;
    // The label of a GNU volume is no file.
    if (header.flag === 'V') return;
    const realSize = oldSparse?.realSize ?? extended.realSize;
    const rangesInData = extended.rangesInData === true;
    const ranges = oldSparse?.ranges ?? extended.ranges;
    const isSparse = ranges !== undefined || rangesInData;
    const size = isSparse ? (realSize ?? stored) : stored;
    if (size > MAX_FILE_BYTES)
      throw new HeaderError(`the entry "${displayed(name)}" claims ${size} bytes`);
    const entry = entryOf(header, extended, {
      name,
      type,
      size: type === 'file' ? size : 0,
      index: this.#entries,
    });
    this.#entries += 1;
    events.push(entry);
    this.#isWanted = type === 'file' && this.#wantsContent(entry);
    if (!isSparse) return;
    this.#sparse = new SparseContent(size);
    if (!rangesInData) return this.#startSparse(ranges ?? [], events);
    if (stored < BLOCK_BYTES) throw badMap();
    this.#next = { kind: 'data-ranges', lines: new RangeLines() };
  }

  #startSparse(ranges: readonly SparseRange[], events: TarEvent[]): void {
    this.#next = { kind: 'header' };
    this.#extendedBytes = 0;
    const sparse = this.#sparse;
    if (sparse === undefined) return;
    sparse.start(ranges, this.#content);
    // Without stored bytes nothing would ask for the holes.
    if (this.#content === 0 && this.#isWanted) sparse.end(events);
  }

  #pass(piece: Buffer, events: TarEvent[]): void {
    if (this.#sparse === undefined) events.push(piece);
    else this.#sparse.pass(piece, events);
  }
}

function typeOf(flag: string, name: ByteText): FileType {
  // Before POSIX a directory was a file whose name ends with a slash.
  if (flag === '\0' && name.endsWith('/')) return 'directory';
  // A hard link has the type of its target.
  return flag === '1' ? 'symlink' : (TYPES[flag] ?? 'file');
}

function entryOf(
  header: HeaderFields,
  extended: ExtendedFields,
  own: Pick<Inode, 'type' | 'size' | 'index'> & { readonly name: ByteText },
): TarEntry {
  const { name, type, size, index } = own;
  const link = extended.gnuLink ?? extended.link ?? header.link;
  const isHardLink = header.flag === '1';
  const inode: Inode = {
    type,
    mode: header.mode,
    uid: extended.uid ?? header.uid,
    gid: extended.gid ?? header.gid,
    size,
    mtime: extended.mtime ?? header.mtime,
    layer: 0,
    index,
  };
  const isLink = type === 'symlink' && !isHardLink;
  const isDevice = type === 'char' || type === 'block';
  const rare = {
    ...(isLink ? { link } : {}),
    ...(isDevice ? { device: [header.major, header.minor] as const } : {}),
    ...(extended.xattrs === undefined ? {} : { xattrs: extended.xattrs }),
  };
  return {
    path: plainPath(name),
    hardLink: isHardLink ? plainPath(link) : undefined,
    inode: isLink || isDevice || extended.xattrs !== undefined ? { ...inode, ...rare } : inode,
  };
}

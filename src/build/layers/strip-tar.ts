import { AppError } from '../../errors/app-error.ts';
import { displayed, type ByteText } from '../../image/tar/byte-text.ts';
import { MAX_EXTENDED_BYTES, readExtended, type ExtendedFields } from '../../image/tar/extended.ts';
import {
  BLOCK_BYTES,
  decodeFields,
  HeaderError,
  isZeroBlock,
  paddingOf,
} from '../../image/tar/header.ts';
import { plainPath } from '../../image/tar/plain-path.ts';
import type { Bytes } from '../../util/bytes.ts';
import { ByteReader } from '../../transports/tar/byte-reader.ts';

/** What is known of an entry before its content. */
interface RawEntry {
  /** Its header blocks, with the extended headers before it. */
  readonly blocks: readonly Uint8Array[];
  readonly path: ByteText;
  readonly hardLink: ByteText | undefined;
  /** Bytes of content with their padding. */
  readonly stored: number;
}

/** Old GNU sparse headers: whether another block of the map follows. */
const SPARSE_MORE = { first: 482, next: 504 } as const;

/**
 * Passes on a tar without the entries that `goes` names; the bytes of all others stay as they are.
 * `onGone` is told of each.
 * @throws AppError UNSUPPORTED for a hard link that stays to a file that goes; HeaderError
 */
export async function* stripTar(
  tar: Bytes,
  goes: (path: ByteText) => boolean,
  onGone: (path: ByteText) => void,
): Bytes {
  const reader = new ByteReader(tar);
  for (;;) {
    const entry = await readEntry(reader);
    if (entry === undefined) break;
    if ('end' in entry) {
      yield entry.end;
      break;
    }
    const { blocks, path, hardLink, stored } = entry;
    const isGone = goes(path);
    if (isGone) onGone(path);
    else if (hardLink !== undefined && goes(hardLink)) throw linked(path, hardLink);
    else yield* blocks;
    let passed = 0;
    for await (const piece of reader.pass(stored)) {
      passed += piece.byteLength;
      if (!isGone) yield piece;
    }
    if (passed < stored) throw new HeaderError('it is cut short');
  }
  // The end blocks, and what some programs write after them.
  yield* reader.pass(Infinity);
}

async function readEntry(
  reader: ByteReader,
): Promise<RawEntry | { readonly end: Uint8Array } | undefined> {
  const blocks: Uint8Array[] = [];
  const extended: ExtendedFields = {};
  let size = 0;
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await reader.take(length);
    if (bytes.byteLength < length) throw new HeaderError('it is cut short');
    size += length;
    if (size > MAX_EXTENDED_BYTES) throw new HeaderError('the headers of an entry are too long');
    blocks.push(bytes);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const first = await reader.take(BLOCK_BYTES);
  if (first.byteLength === 0) return undefined;
  if (first.byteLength < BLOCK_BYTES) throw new HeaderError('it is cut short');
  if (isZeroBlock(first)) return { end: first };
  blocks.push(first);
  let block: Buffer = Buffer.from(first);
  for (;;) {
    const { flag, name, link, size: stored } = decodeFields(block);
    if (!'xgXLK'.includes(flag)) {
      if (flag === 'S') await takeSparseMap(block, take);
      const hasContent = !'123456'.includes(flag);
      const content = hasContent ? (extended.size ?? stored) : 0;
      return {
        blocks,
        path: plainPath(extended.gnuName ?? extended.name ?? name),
        hardLink: flag === '1' ? plainPath(extended.gnuLink ?? extended.link ?? link) : undefined,
        stored: content + paddingOf(content),
      };
    }
    const body = (await take(stored + paddingOf(stored))).subarray(0, stored);
    readExtended(flag, body, extended);
    block = await take(BLOCK_BYTES);
  }
}

async function takeSparseMap(
  block: Buffer,
  take: (length: number) => Promise<Buffer>,
): Promise<void> {
  let isMore = block[SPARSE_MORE.first] === 1;
  while (isMore) isMore = (await take(BLOCK_BYTES))[SPARSE_MORE.next] === 1;
}

function linked(path: ByteText, target: ByteText): AppError {
  const [name, gone] = [displayed(path), displayed(target)];
  return new AppError('UNSUPPORTED', `cannot strip ${gone}: ${name} is a hard link to it`, {
    hint: `Strip both: --strip-file ${gone} --strip-file ${name}`,
  });
}

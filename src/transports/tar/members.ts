import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import {
  BLOCK_BYTES,
  decodeHeader,
  extendedHeaderSize,
  isExtendedHeader,
  paddedSize,
  type TarHeader,
  type TarType,
  typeFlagOf,
} from './header.ts';
import { extendedProblem, nameProblem, type ExtendedHeader } from './plain-names.ts';
import type { RandomAccess } from './random-access.ts';

/** Where one member's content lies in an archive. */
export interface TarMember {
  readonly name: string;
  readonly type: TarType;
  readonly size: number;
  /** Offset of the content in the archive. */
  readonly offset: number;
  readonly target: string;
}

/** Reads an archive from start to end. */
export interface TarInput {
  /** Offset of the next byte. */
  readonly position: number;
  /** The next `length` bytes; fewer only at the end. */
  take(length: number): Promise<Uint8Array>;
}

/** Limit for the extended headers before one member: a name and a few numbers. */
const MAX_EXTENDED_BYTES = 256 * 1024;

/** More members than any image archive has: about 100 000 images. */
export const MAX_MEMBERS = 1_000_000;

/**
 * Reads only the headers and skips the contents: one small read for each member.
 * @throws AppError CORRUPT_ARCHIVE
 */
export async function* readMembers(
  file: RandomAccess,
  where: string,
  signal?: AbortSignal,
): AsyncIterable<TarMember> {
  let position = 0;
  const input: TarInput = {
    get position() {
      return position;
    },
    async take(length) {
      const bytes = await file.read(position, length);
      position += bytes.byteLength;
      return bytes;
    },
  };
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted();
    const member = await nextMember(input, where, count);
    if (member === undefined) return;
    position = member.offset + paddedSize(member.size);
    if (member.offset + member.size > file.size) throw cutShort(where, member);
    yield member;
  }
}

/**
 * Reads the headers of the next member, number `count` from 0; `undefined` at the end of the
 * archive.
 * @throws AppError CORRUPT_ARCHIVE
 */
export async function nextMember(
  input: TarInput,
  where: string,
  count: number,
): Promise<TarMember | undefined> {
  const found = await readHeader(input, where);
  if (found === undefined && count === 0)
    throw corruptArchive(where, 'it is empty, or not a tar archive');
  if (count >= MAX_MEMBERS) throw corruptArchive(where, `it has more than ${MAX_MEMBERS} members`);
  return found;
}

async function readHeader(input: TarInput, where: string): Promise<TarMember | undefined> {
  const extended: ExtendedHeader[] = [];
  let metaBytes = 0;
  for (;;) {
    const block = await input.take(BLOCK_BYTES);
    if (block.byteLength === 0 && extended.length === 0) return undefined;
    if (block.byteLength < BLOCK_BYTES) throw cutHeader(where);
    if (isZero(block)) {
      if (extended.length === 0) return undefined;
      throw corruptArchive(where, 'an extended header describes no member');
    }
    if (!isExtendedHeader(block)) {
      const problem = extendedProblem(extended);
      if (problem !== undefined) throw ambiguousArchive(where, problem);
      const own = extended.filter((one) => typeFlagOf(one.block) !== 'g');
      const blocks = [...own.flatMap((one) => [one.block, one.padded]), block];
      return { ...(await decode(blocks, input.position, where)), offset: input.position };
    }
    const size = extendedHeaderSize(block);
    metaBytes += BLOCK_BYTES + size;
    if (!(metaBytes <= MAX_EXTENDED_BYTES)) {
      throw corruptArchive(where, `the headers of one member exceed ${MAX_EXTENDED_BYTES} bytes`);
    }
    const padded = await input.take(paddedSize(size));
    if (padded.byteLength < paddedSize(size)) throw cutHeader(where);
    extended.push({ block, padded, body: padded.subarray(0, size) });
  }
}

async function decode(
  blocks: readonly Uint8Array[],
  at: number,
  where: string,
): Promise<TarHeader> {
  const header = await decodeHeader(Buffer.concat(blocks)).catch((cause: unknown) => {
    throw corruptArchive(where, `there is no tar header at ${at - BLOCK_BYTES}`, cause);
  });
  const { size, name } = header;
  if (!Number.isSafeInteger(size) || size < 0)
    throw corruptArchive(where, `the size of ${shown(name)} is not a number of bytes`);
  const plain = plainName(name);
  // Before POSIX, a directory was written like this; some readers treat its content as a file.
  const isFolder = header.type === 'file' && name.endsWith('/');
  const problem = nameProblem(plain) ?? (isFolder && size > 0 ? 'ends with "/"' : undefined);
  if (problem !== undefined) throw ambiguousArchive(where, `the name ${shown(name)} ${problem}`);
  return { ...header, name: plain, ...(isFolder ? { type: 'other' } : {}) };
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** "./index.json", as `tar c .` writes it, is index.json. */
function plainName(name: string): string {
  return name.replace(/^(?:\.\/+)+/u, '').replace(/\/+$/u, '');
}

function shown(name: string): string {
  return `"${sanitize(name.slice(0, 200))}"`;
}

function cutHeader(where: string): AppError {
  return corruptArchive(where, 'it is cut short in a header');
}

export function cutShort(where: string, { name, size }: TarMember): AppError {
  return corruptArchive(where, `it is cut short: ${shown(name)} has ${size} bytes, by its header`);
}

/** The error for an archive that two programs may read differently. */
export function ambiguousArchive(where: string, rule: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${where}: ${rule}`, {
    hint: 'Other programs may read another image from it; write it again from its source.',
  });
}

export function corruptArchive(where: string, rule: string, cause?: unknown): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${where}: ${rule}`, {
    hint: 'The archive is damaged, cut short or of another kind; write it again from its source.',
    ...(cause === undefined ? {} : { cause }),
  });
}

import type { ByteText } from './byte-text.ts';

/** Size of a tar block. */
export const BLOCK_BYTES = 512;

/** The fields of one header block; extended headers may replace some. */
export interface HeaderFields {
  /** The type flag: "0" for a file. */
  readonly flag: string;
  readonly name: ByteText;
  readonly link: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

/** What is wrong with a header, as the end of a sentence. */
export class HeaderError extends Error {
  override readonly name: string = 'HeaderError';
}

/** A name that leads out of the directory that a tar is unpacked to. */
export class AboveRootError extends HeaderError {
  override readonly name = 'AboveRootError';
}

const MAGIC_AT = 257;
const POSIX_MAGIC = 'ustar\0';
const GNU_MAGIC = 'ustar ';

/**
 * Decodes a header block of any format: V7, ustar (POSIX pax, "ustar Interchange Format"), GNU.
 * @throws HeaderError
 */
export function decodeFields(block: Buffer): HeaderFields {
  if (!hasChecksum(block)) throw new HeaderError('it is not a tar archive, or damaged');
  const magic = block.toString('latin1', MAGIC_AT, MAGIC_AT + 6);
  const hasDevice = magic === POSIX_MAGIC || magic === GNU_MAGIC;
  const name = text(block, 0, 100);
  const prefix = magic === POSIX_MAGIC ? text(block, 345, 500) : '';
  return {
    flag: String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, 157, 257),
    mode: numberAt(block, 100, 108) & 0o7777,
    uid: numberAt(block, 108, 116),
    gid: numberAt(block, 116, 124),
    size: numberAt(block, 124, 136),
    mtime: numberAt(block, 136, 148),
    major: hasDevice ? numberAt(block, 329, 337) : 0,
    minor: hasDevice ? numberAt(block, 337, 345) : 0,
  };
}

export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

export function isZeroBlock(block: Uint8Array): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

/** Up to the first NUL. */
function text(block: Buffer, from: number, to: number): ByteText {
  let end = from;
  while (end < to && block[end] !== 0) end += 1;
  return block.toString('latin1', from, end);
}

const CHECKSUM_AT = 148;

/** The sum of all bytes, with the sum's own field as spaces; old programs added signed bytes. */
function hasChecksum(block: Buffer): boolean {
  const given = octal(block, CHECKSUM_AT, CHECKSUM_AT + 8);
  let sum = 0;
  let high = 0;
  for (let i = 0; i < BLOCK_BYTES; i += 1) {
    const byte = i >= CHECKSUM_AT && i < CHECKSUM_AT + 8 ? 32 : (block[i] as number);
    sum += byte;
    if (byte > 127) high += 1;
  }
  return given === sum || given === sum - high * 256;
}

/** Octal digits, or GNU's base 256 if the first bit is set. @throws HeaderError */
export function numberAt(block: Buffer, from: number, to: number): number {
  const first = block[from] ?? 0;
  const value = first >= 0x80 ? base256(block, from, to) : octal(block, from, to);
  if (Number.isSafeInteger(value)) return value;
  throw new HeaderError('a header has a number that is out of range');
}

/** Spaces and NULs around the digits do not count; NaN if there is anything else. */
function octal(block: Buffer, from: number, to: number): number {
  let at = from;
  let end = to;
  while (at < end && isBlank(block[at])) at += 1;
  while (end > at && isBlank(block[end - 1])) end -= 1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (block[at] ?? 0) - 48;
    // A program may put anything after the NUL that ends the number.
    if (block[at] === 0) break;
    if (digit < 0 || digit > 7) return Number.NaN;
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0 || byte === 32;
}

/** Two's complement, big-endian, without the first bit. */
function base256(block: Buffer, from: number, to: number): number {
  const first = block[from] ?? 0;
  const isNegative = (first & 0x40) !== 0;
  let value = isNegative ? (first | 0x80) - 256 : first & 0x3f;
  for (let at = from + 1; at < to; at += 1) value = value * 256 + (block[at] ?? 0);
  return value;
}

/** A decimal number of a PAX record or a sparse map. @throws HeaderError */
export function decimal(value: string): number {
  const number = /^-?\d{1,19}(?:\.\d{0,30})?$/u.test(value) ? Number(value) : Number.NaN;
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  throw new HeaderError('a header has a number that is out of range');
}

import type { Bytes } from '../bytes.ts';
import { BitWindow } from './bit-window.ts';
import { OutputLimits } from './limits.ts';
import type { DecompressionLimits } from './types.ts';

/** "BZh", followed by a digit for the block size. */
const STREAM_MAGIC = 0x425a68;
const DIGIT_0 = 0x30;
const BLOCK_UNIT = 100_000;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const GROUP_SYMBOLS = 50;
const MAX_CODE_BITS = 20;
const MAX_SYMBOLS = 258;
/** RUNA and RUNB stand before the symbols of the move-to-front list. */
const RUN_B = 1;

const OUTPUT_CHUNK = 64 * 1024;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc >>> 0;
});

/**
 * Decodes concatenated bzip2 streams to the end of `bytes`; zeros may follow as padding. Takes at most
 * 9 MB of memory. Maintained packages break under `pipeline()` or drop a second stream
 * (docs/decisions.md).
 * @throws the error of `limits.fail` for damage, a truncated stream or too much output
 */
export function decompressBzip2(bytes: Bytes, limits: DecompressionLimits): Bytes {
  const counted = new OutputLimits(limits);
  return counted.limitOutput(decode(new BitWindow(counted.countInput(bytes), limits)));
}

async function* decode(bits: BitWindow): Bytes {
  let table = new Uint32Array(0);
  try {
    do {
      await bits.fill();
      if (bits.read(24) !== STREAM_MAGIC) throw bits.damaged();
      const level = bits.read(8) - DIGIT_0;
      if (level < 1 || level > 9) throw bits.damaged();
      const size = level * BLOCK_UNIT;
      if (table.length < size) table = new Uint32Array(size);
      yield* decodeStream(bits, table.subarray(0, size));
      bits.align();
    } while (await bits.skipZeros());
  } finally {
    await bits.close();
  }
}

async function* decodeStream(bits: BitWindow, table: Uint32Array): Bytes {
  let combined = 0;
  for (;;) {
    await bits.fill();
    const magic = bits.read(24) * 0x1000000 + bits.read(24);
    const crc = bits.read32();
    if (magic === END_MAGIC) {
      if (crc === combined) return;
      throw bits.damaged();
    }
    if (magic !== BLOCK_MAGIC) throw bits.damaged();
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
    yield* expand(bits, table, readBlock(bits, table), crc);
  }
}

interface Block {
  readonly length: number;
  readonly origin: number;
}

/** Fills `output` with the block's bytes, before the Burrows-Wheeler transform is undone. */
function readBlock(bits: BitWindow, output: Uint32Array): Block {
  // Randomized blocks have not been written since 1999.
  if (bits.read(1) !== 0) throw bits.damaged();
  const origin = bits.read(24);
  const front = readUsedBytes(bits);
  const symbols = front.length + 2;
  const groups = bits.read(3);
  const selectorCount = bits.read(15);
  if (front.length === 0 || groups < 2 || groups > 6 || selectorCount === 0) throw bits.damaged();
  const selectors = readSelectors(bits, groups, selectorCount);
  const codes = Array.from({ length: groups }, () => readCode(bits, symbols));
  const end = symbols - 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let at = 0; ; at += 1) {
    const code = codes[selectors[Math.floor(at / GROUP_SYMBOLS)] ?? groups];
    if (code === undefined) throw bits.damaged();
    const symbol = code.next(bits);
    if (symbol <= RUN_B) {
      run += weight << symbol;
      weight *= 2;
      if (run > output.length) throw bits.damaged();
      continue;
    }
    if (length + run > output.length) throw bits.damaged();
    if (run > 0) output.fill(front[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol === end) break;
    if (length >= output.length) throw bits.damaged();
    output[length] = toFront(front, symbol - 1);
    length += 1;
  }
  if (origin >= length) throw bits.damaged();
  return { length, origin };
}

/** Moves an entry to the front of its list. */
function toFront(list: Uint8Array, place: number): number {
  const entry = list[place] ?? 0;
  list.copyWithin(1, 0, place);
  list[0] = entry;
  return entry;
}

function readUsedBytes(bits: BitWindow): Uint8Array {
  const used = bits.read(16);
  const bytes: number[] = [];
  for (let high = 0; high < 16; high += 1) {
    if ((used & (0x8000 >> high)) === 0) continue;
    const row = bits.read(16);
    for (let low = 0; low < 16; low += 1) {
      if ((row & (0x8000 >> low)) !== 0) bytes.push(high * 16 + low);
    }
  }
  return Uint8Array.from(bytes);
}

function readSelectors(bits: BitWindow, groups: number, count: number): Uint8Array {
  const front = Uint8Array.from({ length: groups }, (_, i) => i);
  return Uint8Array.from({ length: count }, () => {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= groups) throw bits.damaged();
    }
    return toFront(front, place);
  });
}

function readCode(bits: BitWindow, symbols: number): HuffmanCode {
  let length = bits.read(5);
  const lengths = Array.from({ length: symbols }, () => {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw bits.damaged();
      if (bits.read(1) === 0) return length;
      length += bits.read(1) === 0 ? 1 : -1;
    }
  });
  return new HuffmanCode(lengths);
}

/** A canonical Huffman code: codes of one length are consecutive, in the order of the symbols. */
class HuffmanCode {
  readonly #first = new Int32Array(MAX_CODE_BITS + 2);
  readonly #count = new Int32Array(MAX_CODE_BITS + 2);
  readonly #offset = new Int32Array(MAX_CODE_BITS + 2);
  readonly #symbols = new Uint16Array(MAX_SYMBOLS);
  readonly #shortest: number;

  constructor(lengths: readonly number[]) {
    this.#shortest = Math.min(...lengths);
    for (const length of lengths) this.#count[length] = (this.#count[length] ?? 0) + 1;
    let code = 0;
    let placed = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
      this.#first[length] = code;
      this.#offset[length] = placed;
      for (const [symbol, bits] of lengths.entries()) {
        if (bits === length) this.#symbols[placed++] = symbol;
      }
      code = (code + (this.#count[length] ?? 0)) << 1;
    }
  }

  next(bits: BitWindow): number {
    const ahead = bits.peek(MAX_CODE_BITS);
    for (let length = this.#shortest; length <= MAX_CODE_BITS; length += 1) {
      const place = (ahead >>> (MAX_CODE_BITS - length)) - (this.#first[length] ?? 0);
      if (place < 0 || place >= (this.#count[length] ?? 0)) continue;
      bits.skip(length);
      return this.#symbols[(this.#offset[length] ?? 0) + place] ?? 0;
    }
    throw bits.damaged();
  }
}

/** Undoes the Burrows-Wheeler transform and the runs of the first step, and checks the CRC. */
function* expand(
  bits: BitWindow,
  table: Uint32Array,
  { length, origin }: Block,
  expected: number,
): Generator<Uint8Array> {
  const next = new Uint32Array(256);
  for (let i = 0; i < length; i += 1) countOf(next, (table[i] ?? 0) & 0xff);
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const times = next[byte] ?? 0;
    next[byte] = sum;
    sum += times;
  }
  for (let i = 0; i < length; i += 1) {
    const byte = (table[i] ?? 0) & 0xff;
    const at = countOf(next, byte);
    table[at] = (table[at] ?? 0) | (i << 8);
  }
  let crc = 0xffffffff;
  let chunk = new Uint8Array(OUTPUT_CHUNK);
  let filled = 0;
  let place = (table[origin] ?? 0) >>> 8;
  let last = -1;
  let same = 0;
  for (let i = 0; i < length; i += 1) {
    const entry = table[place] ?? 0;
    const byte = entry & 0xff;
    place = entry >>> 8;
    const isCount = same === 4;
    const times = isCount ? byte : 1;
    const value = isCount ? last : byte;
    same = isCount ? 0 : byte === last ? same + 1 : 1;
    last = isCount ? -1 : byte;
    for (let n = 0; n < times; n += 1) {
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ value] ?? 0);
      chunk[filled++] = value;
      if (filled < OUTPUT_CHUNK) continue;
      yield chunk;
      chunk = new Uint8Array(OUTPUT_CHUNK);
      filled = 0;
    }
  }
  if (~crc >>> 0 !== expected) throw bits.damaged();
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** Increments an entry and returns its previous value. */
function countOf(counts: Uint32Array, byte: number): number {
  const before = counts[byte] ?? 0;
  counts[byte] = before + 1;
  return before;
}

import type { TarEvent } from './entry.ts';
import { BLOCK_BYTES, decimal, HeaderError, numberAt } from './header.ts';

/** One stretch of data in a sparse file; the rest is zeros. */
export interface SparseRange {
  readonly offset: number;
  readonly size: number;
}

export interface SparseMap {
  readonly ranges: readonly SparseRange[];
  readonly realSize: number;
}

/** The content of a sparse file: its stored bytes with the holes between them. */
export class SparseContent {
  readonly size: number;
  #ranges: readonly SparseRange[] = [];
  #current = 0;
  #taken = 0;
  #position = 0;

  constructor(size: number) {
    this.size = size;
  }

  /** @throws HeaderError unless the ranges fit the file and hold `stored` bytes */
  start(ranges: readonly SparseRange[], stored: number): void {
    checkRanges(ranges, { realSize: this.size, stored });
    this.#ranges = ranges.filter(({ size }) => size > 0);
  }

  pass(piece: Buffer, events: TarEvent[]): void {
    for (let at = 0; at < piece.byteLength;) {
      const range = this.#ranges[this.#current];
      if (range === undefined) return;
      if (this.#taken === 0 && range.offset > this.#position)
        events.push(range.offset - this.#position);
      const size = Math.min(range.size - this.#taken, piece.byteLength - at);
      events.push(piece.subarray(at, at + size));
      at += size;
      this.#taken += size;
      this.#position = range.offset + this.#taken;
      if (this.#taken < range.size) continue;
      this.#current += 1;
      this.#taken = 0;
    }
    if (this.#current === this.#ranges.length) this.end(events);
  }

  end(events: TarEvent[]): void {
    if (this.size > this.#position) events.push(this.size - this.#position);
    this.#position = this.size;
  }
}

/** Old GNU sparse headers ("S"): four ranges in the block, 21 in each that follows. */
export const OLD_SPARSE = {
  first: { at: 386, count: 4, more: 482, realSize: 483 },
  next: { at: 0, count: 21, more: 504 },
} as const;

/** Adds the ranges of one block. @returns whether another block follows */
export function readOldRanges(
  block: Buffer,
  { at, count, more }: { readonly at: number; readonly count: number; readonly more: number },
  into: SparseRange[],
): boolean {
  for (let i = 0; i < count; i += 1) {
    const from = at + i * 24;
    if (block[from] === 0) break;
    into.push({
      offset: numberAt(block, from, from + 12),
      size: numberAt(block, from + 12, from + 24),
    });
  }
  return block[more] === 1;
}

/**
 * The ranges of GNU.sparse format 1.0, as blocks of them arrive: lines of decimal numbers, their
 * count first, padded to whole blocks.
 */
export class RangeLines {
  readonly #numbers: number[] = [];
  #line = '';

  /** The ranges, once they are complete. @throws HeaderError */
  push(block: Buffer): SparseRange[] | undefined {
    const lines = (this.#line + block.toString('latin1')).split('\n');
    this.#line = lines.pop() ?? '';
    if (this.#line.length > BLOCK_BYTES) throw badMap();
    for (const line of lines) {
      this.#numbers.push(decimal(line));
      if (this.#numbers.length > 2 * (this.#numbers[0] ?? 0)) return pairs(this.#numbers.slice(1));
    }
    return undefined;
  }
}

/** @throws HeaderError unless the ranges ascend, fit the file and hold `stored` bytes */
function checkRanges(
  ranges: readonly SparseRange[],
  { realSize, stored }: { readonly realSize: number; readonly stored: number },
): void {
  let end = 0;
  let sum = 0;
  for (const { offset, size } of ranges) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(size) || size < 0 || offset < end)
      throw badMap();
    end = offset + size;
    sum += size;
  }
  if (end > realSize || sum !== stored) throw badMap();
}

/** Offsets and sizes that alternate. @throws HeaderError */
export function pairs(numbers: readonly number[]): SparseRange[] {
  if (numbers.length % 2 !== 0) throw badMap();
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    offset: numbers[2 * i] ?? 0,
    size: numbers[2 * i + 1] ?? 0,
  }));
}

export function badMap(): HeaderError {
  return new HeaderError('a sparse file has a map that does not fit it');
}

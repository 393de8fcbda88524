import { describe, expect, it } from 'vitest';
import { bytesOf, collect, concat } from '../../src/util/bytes.ts';

const tooLarge = (): Error => new Error('too large');

describe('collect', () => {
  it('joins chunks up to the limit', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ab');
      yield Buffer.from('');
      yield Buffer.from('c');
    }
    expect(Buffer.from(await collect(chunks(), 3, tooLarge)).toString()).toBe('abc');
    await expect(collect(chunks(), 2, tooLarge)).rejects.toThrow('too large');
  });

  it.each([
    [[20_000, 0, 1]],
    [[1, 1, 1]],
    [[0, 0, 5]],
    [Array.from({ length: 40_000 }, () => 1)],
    [[16_384, 16_384, 1, 100_000]],
  ])('gives every byte once, whatever the sizes', async (sizes) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const all = Uint8Array.from({ length: total }, (_one, i) => (i * 31) % 251);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      let at = 0;
      for (const size of sizes) yield all.slice(at, (at += size));
    }
    const bytes = await collect(chunks(), total, tooLarge);
    expect(Buffer.compare(bytes, all)).toBe(0);
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(Math.max(16_384, total * 1.25));
  });

  it('stops reading an endless body and closes it', async () => {
    let pulled = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          pulled += 1;
          yield new Uint8Array(10);
        }
      } finally {
        closed = true;
      }
    }
    await expect(collect(endless(), 25, tooLarge)).rejects.toThrow('too large');
    expect({ pulled, closed }).toEqual({ pulled: 3, closed: true });
  });
});

describe('bytesOf', () => {
  it.each([
    [0, 'abc'],
    [2, 'c'],
    [3, ''],
    [9, ''],
  ])('from %i gives %j', async (from, expected) => {
    const data = Buffer.from('abc');
    expect(Buffer.from(await collect(bytesOf(data, from), 3, tooLarge)).toString()).toBe(expected);
  });
});

describe('concat', () => {
  it('joins nothing to nothing', () => {
    expect(concat([], 0)).toEqual(new Uint8Array());
  });
});

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

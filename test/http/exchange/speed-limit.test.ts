import { describe, expect, it } from 'vitest';
import { Pace, Pieces } from '../../../src/http/exchange/speed-limit.ts';

describe('pace', () => {
  const limit = { minSpeed: 64, windowMs: 60_000 };

  it('is judged once a window of waiting, and then anew', () => {
    const pace = new Pace(limit);
    expect(pace.isSlow(0, 59_999)).toBe(false);
    expect(pace.isSlow(3839, 1)).toBe(true);
    expect(pace.isSlow(3840, 60_000)).toBe(false);
    expect(pace.isSlow(1, 59_000)).toBe(false);
    expect(pace.isSlow(1, 2000)).toBe(true);
  });

  it('bears what comes in bursts, and a clock that is set back', () => {
    const pace = new Pace(limit);
    expect(pace.isSlow(10_000, 0)).toBe(false);
    expect(pace.isSlow(1, -3_600_000)).toBe(false);
    expect(pace.isSlow(1, 60_000)).toBe(false);
  });

  it('of six transfers over 2 KB a second is enough by far', () => {
    const pace = new Pace(limit);
    const slow = Array.from({ length: 100 }, () => pace.isSlow(1460, (1460 / 341) * 1000));
    expect(slow).not.toContain(true);
  });

  it('has no limit at 0', () => {
    expect(new Pace({ ...limit, minSpeed: 0 }).isSlow(0, 1e9)).toBe(false);
  });
});

describe('pieces', () => {
  const chunk = new Uint8Array(1024 * 1024);
  const sizes = (pieces: Pieces, tookMs: number): number[] => {
    const all: number[] = [];
    for (const piece of pieces.of(chunk)) {
      all.push(piece.byteLength);
      pieces.took(tookMs);
    }
    return all;
  };

  it('grow as long as they are taken at once, to whole chunks', () => {
    const pieces = new Pieces();
    expect(sizes(pieces, 1)).toEqual([16, 32, 64, 128, 256, 512, 16].map((kib) => kib * 1024));
    expect([...pieces.of(chunk)]).toEqual([chunk]);
  });

  it('shrink on a slow link, and are all of the chunk in its order', () => {
    const pieces = new Pieces();
    const small = sizes(pieces, 30_000);
    expect(small.slice(0, 6)).toEqual([16, 8, 4, 2, 1, 1].map((kib) => kib * 1024));
    expect(small.reduce((sum, size) => sum + size, 0)).toBe(chunk.byteLength);
    const data = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    expect(Buffer.concat([...new Pieces().of(data)]).equals(data)).toBe(true);
    expect([...new Pieces().of(new Uint8Array())]).toEqual([]);
  });
});

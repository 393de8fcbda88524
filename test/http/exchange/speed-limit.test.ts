import { describe, expect, it } from 'vitest';
import { ChunkSizer, SpeedMonitor } from '../../../src/http/exchange/speed-limit.ts';

describe('pace', () => {
  const limit = { minSpeed: 64, windowMs: 60_000 };

  it('is judged once a window of waiting, and then anew', () => {
    const monitor = new SpeedMonitor(limit);
    expect(monitor.isSlow(0, 59_999)).toBe(false);
    expect(monitor.isSlow(3839, 1)).toBe(true);
    expect(monitor.isSlow(3840, 60_000)).toBe(false);
    expect(monitor.isSlow(1, 59_000)).toBe(false);
    expect(monitor.isSlow(1, 2000)).toBe(true);
  });

  it('bears what comes in bursts, and a clock that is set back', () => {
    const monitor = new SpeedMonitor(limit);
    expect(monitor.isSlow(10_000, 0)).toBe(false);
    expect(monitor.isSlow(1, -3_600_000)).toBe(false);
    expect(monitor.isSlow(1, 60_000)).toBe(false);
  });

  it('of six transfers over 2 KB a second is enough by far', () => {
    const monitor = new SpeedMonitor(limit);
    const slow = Array.from({ length: 100 }, () => monitor.isSlow(1460, (1460 / 341) * 1000));
    expect(slow).not.toContain(true);
  });

  it('has no limit at 0', () => {
    expect(new SpeedMonitor({ ...limit, minSpeed: 0 }).isSlow(0, 1e9)).toBe(false);
  });
});

describe('pieces', () => {
  const chunk = new Uint8Array(1024 * 1024);
  const sizes = (sizer: ChunkSizer, tookMs: number): number[] => {
    const all: number[] = [];
    for (const piece of sizer.chunksOf(chunk)) {
      all.push(piece.byteLength);
      sizer.report(tookMs);
    }
    return all;
  };

  it('grow as long as they are taken at once, to whole chunks', () => {
    const sizer = new ChunkSizer();
    expect(sizes(sizer, 1)).toEqual([16, 32, 64, 128, 256, 512, 16].map((kib) => kib * 1024));
    expect([...sizer.chunksOf(chunk)]).toEqual([chunk]);
  });

  it('shrink on a slow link, and are all of the chunk in its order', () => {
    const sizer = new ChunkSizer();
    const small = sizes(sizer, 30_000);
    expect(small.slice(0, 6)).toEqual([16, 8, 4, 2, 1, 1].map((kib) => kib * 1024));
    expect(small.reduce((sum, size) => sum + size, 0)).toBe(chunk.byteLength);
    const data = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    expect(Buffer.concat([...new ChunkSizer().chunksOf(data)]).equals(data)).toBe(true);
    expect([...new ChunkSizer().chunksOf(new Uint8Array())]).toEqual([]);
  });
});

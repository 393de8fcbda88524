import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUploadBody, type UploadLimits } from '../../../src/http/exchange/upload-body.ts';
import { type Bytes, bytesOf, collect } from '../../../src/util/bytes.ts';

describe('the body of an upload', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const limits = (change: Partial<UploadLimits>): UploadLimits => ({
    stallMs: 60_000,
    minSpeed: 64,
    windowMs: 60_000,
    slowestLink: 1e9,
    now: () => 0,
    onStall: (code) => {
      throw new Error(`stalled: ${code}`);
    },
    ...change,
  });
  const data = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => i % 251));
  const body = { length: data.byteLength, open: () => bytesOf(data) };
  /** A clock on which every piece takes so long. */
  const taking = (ms: number): (() => number) => {
    let at = 0;
    return () => (at += ms);
  };

  it('is not stalled on a slow link that takes longer for a chunk than it may for a byte', async () => {
    const stalls: string[] = [];
    const onStall = (code: string): void => void stalls.push(code);
    const uploadBody = createUploadBody(
      body,
      limits({ stallMs: 1500, now: taking(10_000), onStall }),
    );
    const parts: Uint8Array[] = [];
    for await (const piece of uploadBody.chunks) {
      parts.push(piece);
      await vi.advanceTimersByTimeAsync(50);
    }
    uploadBody.release();
    expect(Buffer.concat(parts).equals(data)).toBe(true);
    expect(parts.length * 50).toBeGreaterThan(1500);
    expect([stalls, uploadBody.finished()]).toEqual([[], true]);
  });

  it('is not stalled by a slow source', async () => {
    const stalls: string[] = [];
    async function* slow(): Bytes {
      yield new Uint8Array(1);
      await vi.advanceTimersByTimeAsync(900);
      yield new Uint8Array(1);
    }
    const uploadBody = createUploadBody(
      { length: 2, open: slow },
      limits({ stallMs: 300, onStall: (code) => void stalls.push(code) }),
    );
    const parts = await collect(uploadBody.chunks, 2, () => new Error('too much'));
    uploadBody.release();
    expect([parts, stalls]).toEqual([new Uint8Array(2), []]);
  });

  it('is stalled when nothing is taken, and when next to nothing is', async () => {
    const stalls: string[] = [];
    const silent = createUploadBody(
      body,
      limits({ stallMs: 10, onStall: (code) => void stalls.push(code) }),
    );
    await silent.chunks[Symbol.asyncIterator]().next();
    await vi.advanceTimersByTimeAsync(9);
    expect(stalls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stalls).toEqual(['HEADERS_TIMEOUT']);
    silent.release();

    const slow: string[] = [];
    const onStall = (code: string): void => void slow.push(code);
    const dripping = createUploadBody(body, limits({ now: taking(30_000), onStall }));
    const pieces = dripping.chunks[Symbol.asyncIterator]();
    while (slow.length === 0 && (await pieces.next()).done !== true);
    dripping.release();
    expect(slow).toEqual(['TOO_SLOW']);
  });

  it('has time to arrive where the connection took all of it at once', async () => {
    const stalls: string[] = [];
    const onStall = (code: string): void => void stalls.push(code);
    for (const [slowestLink, expected] of [
      [512, []],
      [1e9, ['HEADERS_TIMEOUT']],
    ] as const) {
      const uploadBody = createUploadBody(body, limits({ stallMs: 10, slowestLink, onStall }));
      await collect(uploadBody.chunks, body.length, () => new Error('too much'));
      await vi.advanceTimersByTimeAsync(200);
      uploadBody.release();
      expect(stalls).toEqual(expected);
    }
  });

  it('has more time to be stored the larger it is', async () => {
    const stalls: string[] = [];
    const onStall = (code: string): void => void stalls.push(code);
    // 100 MB would be stored in ten seconds; a small body has the ten milliseconds alone.
    const large = { length: 100 * 1024 * 1024, open: () => bytesOf(new Uint8Array(large.length)) };
    const small = { length: 1, open: () => bytesOf(new Uint8Array(1)) };
    for (const [one, expected] of [
      [large, []],
      [small, ['HEADERS_TIMEOUT']],
    ] as const) {
      const uploadBody = createUploadBody(one, limits({ stallMs: 10, onStall }));
      await collect(uploadBody.chunks, one.length, () => new Error('too much'));
      await vi.advanceTimersByTimeAsync(200);
      uploadBody.release();
      expect(stalls).toEqual(expected);
    }
  });
});

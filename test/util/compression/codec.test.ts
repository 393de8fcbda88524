import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { collect, concat, type Bytes } from '../../../src/util/bytes.ts';
import { createCodec, sniff } from '../../../src/util/compression/codec.ts';
import {
  LEVELS,
  type CompressionFormat,
  type DecompressionLimits,
} from '../../../src/util/compression/types.ts';
import { run } from '../../helpers/commands.ts';
import { tempDir } from '../../helpers/temp.ts';
import { describeWith } from '../../helpers/when.ts';

class Refused extends Error {
  readonly rule: string;
  constructor(rule: string, cause?: unknown) {
    super(rule, { cause });
    this.rule = rule;
  }
}

const LIMITS: DecompressionLimits = {
  maxBytes: 1e9,
  maxRatio: 1e6,
  ratioFrom: 1e6,
  maxWindow: 2 ** 27,
  fail: (rule, cause) => new Refused(rule, cause),
};

async function* chunked(data: Uint8Array, size: number): Bytes {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

async function all(bytes: Bytes): Promise<Buffer> {
  return Buffer.from(await collect(bytes, 1e9, () => new Error('too large')));
}

/** Text that compresses, with repeats further apart than one chunk, and noise. */
function content(size: number): Uint8Array {
  const word = Buffer.from('the quick brown fox jumps over the lazy dog; ');
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let i = 0; total < size; i += 1) {
    const part = i % 7 === 0 ? randomBytes(3000) : Buffer.concat(Array(40).fill(word) as Buffer[]);
    parts.push(part);
    total += part.byteLength;
  }
  return concat(parts, total).subarray(0, size);
}

const codec = createCodec();

describe('zstd and gzip', () => {
  const formats: readonly CompressionFormat[] = ['gzip', 'zstd'];

  it.each(formats)('%s comes back as it went, whatever the sizes', async (format) => {
    for (const size of [0, 1, 131_073, 2 * 1024 * 1024, 5_000_001]) {
      const data = content(size);
      const packed = await all(codec.compress(chunked(data, 70_001), { format }));
      expect(sniff(packed)).toBe(format);
      for (const step of [1024 * 1024, 4099, ...(size < 2 ? [1] : [])]) {
        const back = await all(codec.decompress(chunked(packed, step), format, LIMITS));
        expect(back.equals(data)).toBe(true);
      }
    }
  });

  it.each(formats)('%s is the same for the same bytes, however they are cut', async (format) => {
    const data = content(3_000_000);
    const one = await all(codec.compress(chunked(data, 100_000), { format }));
    const two = await all(codec.compress(chunked(data, 33_333), { format }));
    expect(two.equals(one)).toBe(true);
  });

  it('zstd is the same whether the end comes with the last chunk or after it', async () => {
    const data = content(52_000);
    const pack = async (bytes: Bytes): Promise<Buffer> =>
      all(codec.compress(bytes, { format: 'zstd' }));
    const late = async function* (): Bytes {
      yield data;
      await new Promise((resolve) => setImmediate(resolve));
    };
    expect((await pack(late())).equals(await pack(chunked(data, data.byteLength)))).toBe(true);
  });

  it.each(formats)('%s takes every level it names', async (format) => {
    const data = content(50_000);
    for (const level of [LEVELS[format].min, LEVELS[format].max]) {
      const packed = await all(codec.compress(chunked(data, 9999), { format, level }));
      expect(
        (await all(codec.decompress(chunked(packed, 9999), format, LIMITS))).equals(data),
      ).toBe(true);
    }
  });

  it.each(formats)('%s that is cut short or damaged is refused', async (format) => {
    const packed = await all(codec.compress(chunked(content(300_000), 65_536), { format }));
    for (const cut of [1, 5, 4000]) {
      const rest = packed.subarray(0, packed.byteLength - cut);
      await expect(all(codec.decompress(chunked(rest, 999), format, LIMITS))).rejects.toMatchObject(
        { rule: 'it is cut short' },
      );
    }
    const start = Buffer.from(packed);
    start[0] = 0;
    await expect(all(codec.decompress(chunked(start, 999), format, LIMITS))).rejects.toBeInstanceOf(
      Refused,
    );
  });

  it.each(formats)('%s bombs stop at either bound', async (format) => {
    const bomb = await all(codec.compress(chunked(new Uint8Array(30_000_000), 1e6), { format }));
    const bounded = (limits: Partial<DecompressionLimits>): Promise<Buffer> =>
      all(codec.decompress(chunked(bomb, 512), format, { ...LIMITS, ...limits }));
    await expect(bounded({ maxBytes: 1e6 })).rejects.toMatchObject({
      rule: 'it grows beyond 1000000 bytes',
    });
    await expect(bounded({ maxRatio: 100 })).rejects.toMatchObject({
      rule: 'it grows to more than 100 times its size',
    });
    expect(await bounded({})).toHaveLength(30_000_000);
  });

  it('an error of the source comes out as it is', async () => {
    const broken = async function* (): Bytes {
      yield gzipSync(randomBytes(1000)).subarray(0, 500);
      throw new Error('the line went dead');
    };
    for (const format of formats) {
      await expect(all(codec.compress(broken(), { format }))).rejects.toThrow('went dead');
    }
    await expect(all(codec.decompress(broken(), 'gzip', LIMITS))).rejects.toThrow('went dead');
  });

  it('a reader who stops early stops the source', async () => {
    let ended = false;
    const endless = async function* (): Bytes {
      try {
        for (;;) yield randomBytes(65_536);
      } finally {
        ended = true;
      }
    };
    for (const format of formats) {
      ended = false;
      for await (const chunk of codec.compress(endless(), { format }))
        if (chunk.byteLength > 100) break;
      await new Promise((resolve) => setImmediate(resolve));
      expect(ended).toBe(true);
    }
  });

  it('zstd refuses windows, dictionaries, reserved blocks and foreign bytes', async () => {
    const magic = [0x28, 0xb5, 0x2f, 0xfd];
    const hostile: readonly (readonly [readonly number[], RegExp])[] = [
      // A window of 2 GiB; content of 2^40 bytes in a single segment.
      [[...magic, 0x00, 21 << 3, 1, 0, 0], /window of 2147483648 bytes/u],
      [[...magic, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0], /window of 1099511627776 bytes/u],
      [[...magic, 0x21, 7, 0, 1, 0, 0], /dictionary/u],
      [[...magic, 0x20, 0, 7, 0, 0], /reserved type/u],
      [[...magic, 0x20, 0, 1, 0, 0, ...Buffer.from('junk')], /not zstd/u],
    ];
    for (const [bytes, rule] of hostile) {
      const data = Uint8Array.from(bytes);
      await expect(
        all(codec.decompress(chunked(data, data.byteLength), 'zstd', LIMITS)),
      ).rejects.toMatchObject({ rule: expect.stringMatching(rule) as string });
    }
  });

  it('what is not compressed passes, bounded', async () => {
    const data = content(1000);
    expect(sniff(data)).toBe('none');
    expect(await all(codec.decompress(chunked(data, 10), 'none', LIMITS))).toEqual(
      Buffer.from(data),
    );
    const limits = { ...LIMITS, maxBytes: 999 };
    await expect(all(codec.decompress(chunked(data, 10), 'none', limits))).rejects.toThrow(
      'beyond 999',
    );
  });
});

describe('a zstd stream of several frames', () => {
  const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const first = content(9000);
  const second = Buffer.from('the second frame');
  const pack = async (data: Uint8Array): Promise<Buffer> =>
    all(codec.compress(chunked(data, 50_000), { format: 'zstd' }));
  const unpack = async (stream: Uint8Array, step = stream.byteLength): Promise<Buffer> =>
    all(codec.decompress(chunked(stream, step), 'zstd', LIMITS));

  it('comes back whole, in one chunk and byte by byte', async () => {
    const stream = Buffer.concat([await pack(first), await pack(second), await pack(first)]);
    const expected = Buffer.concat([first, second, first]);
    for (const step of [stream.byteLength, 4099, 1])
      expect((await unpack(stream, step)).equals(expected)).toBe(true);
  });

  it.each(['first', 'between', 'last'])('may have a skippable frame %s', async (where) => {
    const frames = [await pack(first), await pack(second)];
    frames.splice(['first', 'between', 'last'].indexOf(where), 0, skippable);
    const stream = Buffer.concat(frames);
    expect(sniff(stream)).toBe('zstd');
    for (const step of [stream.byteLength, 7, 1])
      expect((await unpack(stream, step)).equals(Buffer.concat([first, second]))).toBe(true);
  });

  it('may be skippable frames only, even empty ones', async () => {
    const empty = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    expect(await unpack(Buffer.concat([empty, skippable, empty]))).toHaveLength(0);
  });

  it('is refused wherever it is cut, but between frames', async () => {
    const frames = [await pack(second), skippable, await pack(second)];
    const stream = Buffer.concat(frames);
    const starts = [0, frames[0]?.byteLength, (frames[0]?.byteLength ?? 0) + skippable.byteLength];
    for (let end = 1; end < stream.byteLength; end += 1) {
      if (starts.includes(end)) continue;
      for (const step of [end, 1])
        await expect(unpack(stream.subarray(0, end), step)).rejects.toMatchObject({
          rule: 'it is cut short',
        });
    }
  });

  it.each([1, 3, 4, 500])('is refused with %i foreign bytes after it', async (count) => {
    const stream = Buffer.concat([await pack(second), Buffer.alloc(count, 'x')]);
    for (const step of [stream.byteLength, 1])
      await expect(unpack(stream, step)).rejects.toMatchObject({
        rule: count < 4 ? 'it is cut short' : 'it is not zstd',
      });
  });

  it('takes a window of 2^27 bytes and none that is larger', async () => {
    const withWindow = (exponent: number, mantissa: number): Buffer =>
      // One frame that keeps a window, with one raw block of one byte.
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, ((exponent - 10) << 3) | mantissa, 9, 0, 0, 65]);
    expect((await unpack(withWindow(27, 0))).toString()).toBe('A');
    await expect(unpack(withWindow(27, 1))).rejects.toMatchObject({
      rule: expect.stringMatching(/window of 150994944 bytes; at most 134217728/u) as string,
    });
  });
});

describeWith(['zstd'], 'next to the zstd tool', () => {
  const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

  it('reads what it writes, and it reads ours', async () => {
    await using dir = await tempDir();
    const data = content(3_000_000);
    const { writeFile, readFile } = await import('node:fs/promises');
    await writeFile(dir.join('plain'), data);
    const flags = [['-1'], ['-19'], ['--ultra', '-22', '--long=27'], ['--no-check'], ['-3', '-B1']];
    for (const [i, flag] of flags.entries()) {
      const done = await run(
        'zstd',
        ['-q', ...flag, dir.join('plain'), '-o', dir.join(`${i}`)],
        {},
      );
      expect(done.code, done.stderr).toBe(0);
      const packed = await readFile(dir.join(`${i}`));
      expect(sha(await all(codec.decompress(chunked(packed, 60_000), 'zstd', LIMITS)))).toBe(
        sha(data),
      );
    }
    const ours = await all(codec.compress(chunked(data, 65_536), { format: 'zstd', level: 19 }));
    await writeFile(dir.join('ours.zst'), ours);
    const read = await run('zstd', ['-q', '-d', dir.join('ours.zst'), '-o', dir.join('out')], {});
    expect(read.code, read.stderr).toBe(0);
    expect(sha(await readFile(dir.join('out')))).toBe(sha(data));
  });
});

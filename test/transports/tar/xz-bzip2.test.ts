import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decompress, peekCompression } from '../../../src/transports/tar/decompress.ts';
import { drain, type Bytes } from '../../../src/util/bytes.ts';
import { decompressBzip2 } from '../../../src/util/compression/bzip2.ts';
import { codeOf } from '../../helpers/thrown.ts';

interface Vectors {
  /** Base64, as all data here: made by xz 5.4 and bzip2 1.0.8. */
  readonly plain: string;
  readonly cases: readonly { readonly name: string; readonly data: string }[];
  readonly refused: readonly {
    readonly name: string;
    readonly data: string;
    readonly rule: string;
  }[];
  readonly blocks: { readonly size: number; readonly data: string };
  readonly zeros: { readonly bzip2: string };
}

const FILE = join(import.meta.dirname, '../../vectors/compression/xz-bzip2.json');
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;
const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
const PLAIN = bytesOf(vectors.plain);
const CASES = vectors.cases.map(({ name, data }) => [name, bytesOf(data)] as const);
const [SMALLEST_XZ, SMALLEST_BZIP2] = [CASES[2], CASES[4]];

async function* pieces(data: Uint8Array, size: number): Bytes {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

async function read(data: Uint8Array, size = 1000): Promise<Buffer> {
  const peeked = await peekCompression(pieces(data, size));
  return Buffer.concat(await Array.fromAsync(decompress(peeked, 'x')));
}

describe.each(CASES)('%s', (_, data) => {
  it.each([1, 7, 1000, 65_536])('is read in pieces of %d bytes', async (size) => {
    expect(await read(data, size)).toEqual(PLAIN);
  });

  it('goes on with a second stream', async () => {
    expect(await read(Buffer.concat([data, data]), 11)).toEqual(Buffer.concat([PLAIN, PLAIN]));
  });

  it('may be padded with zeros', async () => {
    expect(await read(Buffer.concat([data, Buffer.alloc(512)]))).toEqual(PLAIN);
    expect(await read(Buffer.concat([data, Buffer.alloc(4), data]))).toHaveLength(2 * PLAIN.length);
  });

  it('is damaged when something else follows', async () => {
    expect(await codeOf(read(Buffer.concat([data, Buffer.from('hello')])))).toBe('CORRUPT_ARCHIVE');
  });
});

describe.each([SMALLEST_XZ, SMALLEST_BZIP2].flatMap((one) => (one === undefined ? [] : [one])))(
  'damage to %s',
  (_, data) => {
    it('is noticed wherever it is cut', async () => {
      for (let end = 6; end < data.length; end += 1) {
        const cut = read(data.subarray(0, end));
        await expect(cut, `${end} bytes`).rejects.toMatchObject({ code: 'CORRUPT_ARCHIVE' });
      }
    });

    it('never changes what comes out', async () => {
      let noticed = 0;
      for (let at = 6; at < data.length; at += 1) {
        const flipped = Buffer.from(data);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        const result = await read(flipped).catch((error: unknown) => error);
        if (Buffer.isBuffer(result)) expect(result, `byte ${at}`).toEqual(PLAIN);
        else noticed += 1;
      }
      // Bits that mean nothing, such as the last ones of a byte, may be what they want.
      expect(noticed).toBeGreaterThan(data.length - 10);
    });
  },
);

it.each(vectors.refused)('$name is refused with the command that reads it', async (one) => {
  await expect(read(bytesOf(one.data))).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    exitStatus: 1,
    message: expect.stringContaining(one.rule),
    hint: expect.stringContaining('xz -dc FILE | regctl'),
  });
});

it('reads a bzip2 stream of several blocks', async () => {
  const expected = Buffer.from(
    Uint8Array.from({ length: vectors.blocks.size }, (_, i) => (i * i) % 251),
  );
  expect((await read(bytesOf(vectors.blocks.data))).equals(expected)).toBe(true);
});

it('stops at a bomb: 1 GiB of zeros in 785 bytes', async () => {
  const MIB = 1024 * 1024;
  const fail = (rule: string): Error => new Error(rule);
  const limits = { maxBytes: Infinity, maxRatio: 1000, ratioFrom: MIB, maxWindow: 0, fail };
  let length = 0;
  const reading = (async () => {
    const zeros = pieces(bytesOf(vectors.zeros.bzip2), 1000);
    for await (const chunk of decompressBzip2(zeros, limits)) length += chunk.byteLength;
  })();
  await expect(reading).rejects.toThrow('more than 1000 times its size');
  expect(length).toBeLessThanOrEqual(MIB);
});

it.each([0, 4])('passes on why the input of %j failed', async (place) => {
  const failure = new Error('the pipe broke');
  const broken = async function* (): Bytes {
    yield CASES[place]?.[1].subarray(0, 30) ?? new Uint8Array(0);
    throw failure;
  };
  const peeked = await peekCompression(broken());
  await expect(drain(decompress(peeked, 'x'))).rejects.toBe(failure);
});

it('closes its input when the reader stops early', async () => {
  let closed = false;
  const input = async function* (): Bytes {
    try {
      yield* pieces(bytesOf(vectors.blocks.data), 100);
      yield new Uint8Array(0);
    } finally {
      closed = true;
    }
  };
  const limits = {
    maxBytes: Infinity,
    maxRatio: 1000,
    ratioFrom: Infinity,
    maxWindow: 0,
    fail: Error,
  };
  for await (const _ of decompressBzip2(input(), limits)) break;
  expect(closed).toBe(true);
});

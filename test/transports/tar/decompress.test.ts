import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress, peekCompression } from '../../../src/transports/tar/decompress.ts';
import { drain, type Bytes } from '../../../src/util/bytes.ts';
import { createCodec } from '../../../src/util/compression/codec.ts';
import { codeOf } from '../../helpers/thrown.ts';

async function* pieces(data: Uint8Array, size: number): Bytes {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

async function read(data: Uint8Array, size = 1000): Promise<number> {
  let length = 0;
  const peeked = await peekCompression(pieces(data, size));
  for await (const chunk of decompress(peeked, 'x')) length += chunk.byteLength;
  return length;
}

describe('decompress', () => {
  it('reads zstd on every Node.js', async () => {
    const chunks: Uint8Array[] = [];
    const plain = pieces(Buffer.alloc(50_000, 'abc'), 1000);
    for await (const chunk of createCodec().compress(plain, { format: 'zstd' })) chunks.push(chunk);
    expect(await read(Buffer.concat(chunks), 100)).toBe(50_000);
  });

  it.each([1, 3, 1000])('knows gzip and plain in pieces of %d bytes', async (size) => {
    expect(await read(gzipSync(Buffer.alloc(5000, 'a')), size)).toBe(5000);
    expect(await read(Buffer.alloc(5000, 'a'), size)).toBe(5000);
    expect(await read(Buffer.alloc(0), size)).toBe(0);
  });

  it('stops at a decompression bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 9 });
    expect(await codeOf(read(bomb))).toBe('CORRUPT_ARCHIVE');
  });

  it.each([
    ['cut short', gzipSync(Buffer.alloc(9000, 'abc')).subarray(0, 30)],
    ['damaged', Buffer.concat([gzipSync(Buffer.alloc(9)).subarray(0, 12), Buffer.alloc(99, 7)])],
  ])('says that gzip data is %s', async (_how, data) => {
    expect(await codeOf(read(data))).toBe('CORRUPT_ARCHIVE');
  });

  it('passes on why its input failed', async () => {
    const failure = new Error('the pipe broke');
    const broken = async function* (): Bytes {
      yield gzipSync(Buffer.alloc(9000)).subarray(0, 15);
      throw failure;
    };
    const peeked = await peekCompression(broken());
    await expect(drain(decompress(peeked, 'x'))).rejects.toBe(failure);
  });
});

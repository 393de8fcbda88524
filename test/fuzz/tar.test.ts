import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { TarStream } from '../../src/transports/tar/stream.ts';
import type { Bytes } from '../../src/util/bytes.ts';
import { tarOf } from '../transports/tar/archives.ts';
import { fuzzRuns } from './runs.ts';

const valid = await tarOf([
  { name: 'index.json', data: '{}' },
  { name: `blobs/sha512/${'a'.repeat(128)}`, data: Buffer.alloc(3000, 'x') },
  { name: 'b', symlink: '../c' },
  { name: 'empty' },
]);

async function* pieces(data: Uint8Array, size: number): Bytes {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

/** How an archive ends: read as a whole, or refused. Anything else is a fault of ours. */
async function ending(data: Uint8Array, size: number): Promise<string> {
  try {
    await using stream = new TarStream('fuzz', pieces(data, size));
    let bytes = 0;
    for await (const file of stream.files())
      for await (const chunk of file.body()) bytes += chunk.byteLength;
    return bytes <= data.byteLength ? 'read' : 'more than there is';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

it('an archive with bytes altered, cut or repeated is read or refused', async () => {
  const change = fc.record({ at: fc.nat(valid.byteLength - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 8 }),
      fc.nat(valid.byteLength),
      fc.integer({ min: 1, max: 5000 }),
      async (changes, length, size) => {
        const data = Buffer.from(valid.subarray(0, length));
        for (const { at, byte } of changes) if (at < length) data[at] = byte;
        expect(['read', 'CORRUPT_ARCHIVE']).toContain(await ending(data, size));
      },
    ),
    fuzzRuns(300),
  );
});

it('noise is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (data) => {
      expect(['CORRUPT_ARCHIVE', data.every((byte) => byte === 0) ? 'read' : '']).toContain(
        await ending(data, 700),
      );
    }),
  );
});

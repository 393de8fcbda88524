import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../src/util/bytes.ts';
import { createCodec, sniff } from '../../src/util/compression/codec.ts';
import type { DecompressionLimits } from '../../src/util/compression/types.ts';
import { fuzzRuns } from './runs.ts';

class Refused extends Error {}

const LIMITS: DecompressionLimits = {
  maxBytes: 1024 * 1024,
  maxRatio: 100,
  ratioFrom: 64 * 1024,
  maxWindow: 1024 * 1024,
  fail: (rule) => new Refused(rule),
};

const codec = createCodec();

async function* pieces(data: Uint8Array, size: number): Bytes {
  for (let at = 0; at < data.byteLength; at += size) yield data.subarray(at, at + size);
}

async function whole(bytes: Bytes): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

const plain = Buffer.concat([Buffer.alloc(3000, 'abc'), Buffer.alloc(200_000), Buffer.from('end')]);
const zstd = await whole(codec.compress(pieces(plain, 70_000), { format: 'zstd' }));
const seeds = [gzipSync(plain), zstd, Buffer.concat([zstd, zstd]), gzipSync(Buffer.alloc(5e6))];

describe('compressed content, fuzzed', () => {
  it('gives at most what its bounds allow, or is refused by them', async () => {
    const change = fc.record({ at: fc.nat(5000), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(change, { maxLength: 6 }),
        fc.nat(6000),
        fc.integer({ min: 1, max: 4000 }),
        async (seed, changes, cut, size) => {
          const data = Buffer.from(cut > 5000 ? seed : seed.subarray(0, cut));
          for (const { at, byte } of changes) if (at < data.length) data[at] = byte;
          let given = 0;
          try {
            for await (const chunk of codec.decompress(pieces(data, size), sniff(data), LIMITS)) {
              given += chunk.byteLength;
            }
          } catch (error) {
            expect(error).toBeInstanceOf(Refused);
          }
          expect(given).toBeLessThanOrEqual(LIMITS.maxBytes);
        },
      ),
      fuzzRuns(250),
    );
  });
});

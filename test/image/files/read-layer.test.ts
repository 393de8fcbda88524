import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readLayer } from '../../../src/image/files/read-layer.ts';
import { encodeEntry, END_BYTES, padding } from '../../../src/image/tar/writer.ts';
import { impliedDirectory, isEntry, type Inode } from '../../../src/image/tar/entry.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { bytesOf } from '../../../src/util/bytes.ts';

/** A tar of files that fill many chunks of a decoder. */
function tar(): Buffer {
  const pieces = Array.from({ length: 40 }, (_, i) => {
    const size = 7_000 + i * 523;
    const inode: Inode = { ...impliedDirectory(0), type: 'file', size };
    return Buffer.concat([encodeEntry(`file-${i}`, inode), randomBytes(size), padding(size)]);
  });
  return Buffer.concat([...pieces, END_BYTES]);
}

describe('readLayer', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['none', (plain: Buffer) => plain],
  ] as const)('frees no memory of others while it reads %s', async (_name, compress) => {
    const plain = tar();
    const blob = compress(plain);
    const layer = {
      descriptor: { mediaType: 'a/b', digest: digestOf(blob), size: blob.byteLength },
      diffId: digestOf(plain),
    };
    // Small buffers come from a pool that decoders use, too.
    const kept: { readonly bytes: Buffer; readonly sum: string }[] = [];
    const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    let entries = 0;
    const source = { label: 'memory', fetch: async () => bytesOf(blob) };
    for await (const events of readLayer(source, layer)) {
      entries += events.filter(isEntry).length;
      const bytes = Buffer.from('x'.repeat(3_000));
      kept.push({ bytes, sum: sumOf(bytes) });
    }
    expect(entries).toBe(40);
    expect(kept.map(({ bytes }) => sumOf(bytes))).toEqual(kept.map(({ sum }) => sum));
    expect(digestOf(blob)).toBe(layer.descriptor.digest);
  });
});

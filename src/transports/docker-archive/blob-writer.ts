import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { blobName } from '../tar/blob-names.ts';
import { decompress, peekCompression, type Peeked } from '../tar/decompress.ts';
import { readAt, readRegion } from '../tar/random-access.ts';
import { spool } from '../tar/spool.ts';
import type { TarWriter } from '../tar/writer.ts';

/**
 * Writes the layers and configurations of a new archive under their digests. Docker before 23
 * cannot load zstd, so those layers are stored uncompressed under the uncompressed digest.
 */
export class BlobWriter {
  readonly tar: TarWriter;
  readonly #tempDir: string;
  /** Maps zstd layers to the digests that they are stored under. */
  readonly #unpacked = new Map<Digest, Digest>();

  constructor(tar: TarWriter, tempDir: string) {
    this.tar = tar;
    this.#tempDir = tempDir;
  }

  has({ digest, size }: Descriptor): boolean {
    return this.#unpacked.has(digest) || this.tar.sizeOf(blobName(digest)) === size;
  }

  /** Whether the archive holds exactly these bytes, so that they can be read back. */
  isReadable(digest: Digest): boolean {
    return this.tar.sizeOf(blobName(digest)) !== undefined;
  }

  isUnpacked(digest: Digest): boolean {
    return this.#unpacked.has(digest);
  }

  nameOf(digest: Digest): string {
    return blobName(this.#unpacked.get(digest) ?? digest);
  }

  /** `bytes` verify themselves and may use their memory again. @throws AppError CORRUPT_ARCHIVE, NO_SPACE, IO */
  async add({ digest, size }: Descriptor, bytes: Bytes, options?: CallOptions): Promise<void> {
    const peeked = await peekCompression(bytes);
    if (peeked.compression === 'zstd')
      await this.#unpack(digest, { ...peeked, bytes: copied(peeked.bytes) }, options);
    else await this.tar.add(blobName(digest), size, peeked.bytes);
  }

  /** A tar header states the size first, so the layer is decompressed into a temporary file. */
  async #unpack(digest: Digest, peeked: Peeked, options?: CallOptions): Promise<void> {
    const hash = createHash('sha256');
    const hashed = async function* (): Bytes {
      for await (const chunk of decompress(peeked, digest)) {
        hash.update(chunk);
        yield chunk;
      }
    };
    const { file, path, size } = await spool(hashed(), this.#tempDir, options?.signal);
    try {
      const plain = `sha256:${hash.digest('hex')}` as Digest;
      const access = {
        size,
        read: (at: number, length: number) => readAt(file, path, at, length),
      };
      await this.tar.add(blobName(plain), size, readRegion(access, 0, size, options));
      this.#unpacked.set(digest, plain);
    } finally {
      await file.close();
    }
  }
}

/** A decompressor keeps chunks. */
async function* copied(bytes: Bytes): Bytes {
  for await (const chunk of bytes) yield Buffer.from(chunk);
}

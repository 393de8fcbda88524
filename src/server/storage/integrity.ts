import { createHash, type Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';
import { createSingleFlight } from '../../util/single-flight.ts';
import { DamagedContentError } from './damage.ts';

/** Caches whether a file matches its digest, until the file changes. */
export interface Integrity {
  /** Reads the file unless the result is cached. */
  isIntact(file: FileHandle, digest: Digest): Promise<boolean>;
  /** The cached result, without reading; `undefined` if there is none. */
  known(stats: BigIntStats, digest: Digest): boolean | undefined;
  /** Caches the result for a file that was read completely, and possibly renamed since. */
  learn(stats: BigIntStats, digest: Digest, isIntact: boolean): void;
  /** Streams the file, the last chunk only if the digest matches. @throws DamagedContentError */
  checked(file: FileHandle, stats: BigIntStats, digest: Digest): Bytes;
}

const READ_BYTES = 1024 * 1024;
/** A cached result takes about 200 bytes. */
const MAX_KNOWN = 200_000;

interface Judgment {
  readonly stamp: string;
  readonly isIntact: boolean;
}

export function createIntegrity(): Integrity {
  const judgments = new Map<Digest, Judgment>();
  const once = createSingleFlight<boolean>();

  const known: Integrity['known'] = (stats, digest) => {
    const judgment = judgments.get(digest);
    return judgment?.stamp === stampOf(stats) ? judgment.isIntact : undefined;
  };
  const learn: Integrity['learn'] = (stats, digest, isIntact) => {
    judgments.delete(digest);
    judgments.set(digest, { stamp: stampOf(stats), isIntact });
    const [oldest] = judgments.keys();
    if (judgments.size > MAX_KNOWN && oldest !== undefined) judgments.delete(oldest);
  };

  return {
    known,
    learn,
    async isIntact(file, digest) {
      const stats = await file.stat({ bigint: true });
      return (
        known(stats, digest) ??
        once(`${digest} ${stampOf(stats)}`, async () => {
          const right = (await hashOf(file, digest)) === digest;
          learn(stats, digest, right);
          return right;
        })
      );
    },
    async *checked(file, stats, digest) {
      const hash = createHash(algorithmOf(digest));
      let held: Uint8Array | undefined;
      for await (const chunk of file.createReadStream() as Bytes) {
        if (held !== undefined) yield held;
        hash.update(chunk);
        held = chunk;
      }
      const right = `${algorithmOf(digest)}:${hash.digest('hex')}` === digest;
      learn(stats, digest, right);
      if (!right) throw new DamagedContentError('blob', digest);
      if (held !== undefined) yield held;
    },
  };
}

/** Hashes the data that the disk returns, not the data that was meant to be written. */
export async function hashOf(file: FileHandle, like: Digest): Promise<string> {
  const algorithm = algorithmOf(like);
  const hash = createHash(algorithm);
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at);
    if (bytesRead === 0) return `${algorithm}:${hash.digest('hex')}`;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Identifies a version of a file: every write changes its ctime, which no program can set. */
function stampOf({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${ctimeNs}`;
}

/** Hashes uploads while they arrive, so that they need not be read again at their end. */
export interface RunningHashes {
  /** Adds bytes that are written at `offset`. */
  add(id: string, offset: number, bytes: Uint8Array): void;
  /** The sha256 digest, if all bytes up to `size` were added in order; forgets the upload. */
  take(id: string, size: number): Digest | undefined;
}

/** Each takes about 500 bytes; an upload that is forgotten is read at its end. */
const MAX_HASHES = 10_000;

export function createRunningHashes(): RunningHashes {
  const uploads = new Map<string, { readonly hash: Hash; size: number }>();
  return {
    add(id, offset, bytes) {
      const known = uploads.get(id);
      if (known?.size !== offset && offset !== 0) {
        uploads.delete(id);
        return;
      }
      const upload = known?.size === offset ? known : { hash: createHash('sha256'), size: 0 };
      upload.hash.update(bytes);
      upload.size += bytes.byteLength;
      uploads.delete(id);
      uploads.set(id, upload);
      const [oldest] = uploads.keys();
      if (uploads.size > MAX_HASHES && oldest !== undefined) uploads.delete(oldest);
    },
    take(id, size) {
      const upload = uploads.get(id);
      uploads.delete(id);
      return upload?.size === size ? (`sha256:${upload.hash.digest('hex')}` as Digest) : undefined;
    },
  };
}

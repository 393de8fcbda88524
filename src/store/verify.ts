import { createHash, type Hash } from 'node:crypto';
import { AppError, IntegrityError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts';
import { bytesOf, collect, type Bytes } from '../util/bytes.ts';
import type { ReadStore, Source } from './types.ts';
import type { CallOptions } from '../util/abort.ts';

/** Counts and hashes the bytes of one manifest or blob, also across resumed downloads. */
export class Verifier {
  #hash: Hash;
  readonly #descriptor: Descriptor;
  readonly #where: string;
  #received = 0;

  /** `hash`: of the bytes so far; default: of none. */
  constructor(descriptor: Descriptor, where: string, hash?: Hash) {
    this.#descriptor = descriptor;
    this.#where = where;
    this.#hash = hash ?? createHash(algorithmOf(descriptor.digest));
  }

  /** Bytes received so far: the offset at which a resumed download continues. */
  get received(): number {
    return this.#received;
  }

  /** Returns an independent verifier with the same bytes so far. */
  fork(): Verifier {
    const fork = new Verifier(this.#descriptor, this.#where, this.#hash.copy());
    fork.#received = this.#received;
    return fork;
  }

  /** Whether all bytes are received; `finish` checks that they are correct. */
  get complete(): boolean {
    return this.#received === this.#descriptor.size;
  }

  /** @throws IntegrityError SIZE_MISMATCH at the first byte too many */
  update(chunk: Uint8Array): void {
    this.#received += chunk.byteLength;
    if (this.#received > this.#descriptor.size)
      this.#wrongSize(`more than ${this.#descriptor.size}`);
    this.#hash.update(chunk);
  }

  /** @throws IntegrityError if size or digest is wrong */
  finish(): void {
    if (this.#received !== this.#descriptor.size) this.#wrongSize(String(this.#received));
    const algorithm = algorithmOf(this.#descriptor.digest);
    const actual = `${algorithm}:${this.#hash.digest('hex')}` as Digest;
    if (actual === this.#descriptor.digest) return;
    throw new IntegrityError(
      'DIGEST_MISMATCH',
      `${this.#where}: content of ${this.#descriptor.digest} has digest ${actual}`,
      { expected: this.#descriptor.digest, actual },
      {
        hint: 'The content was altered or damaged in transit. Nothing was written under its name.',
      },
    );
  }

  #wrongSize(actual: string): never {
    throw new IntegrityError(
      'SIZE_MISMATCH',
      `${this.#where}: ${this.#descriptor.digest} has ${actual} bytes, its descriptor says ${this.#descriptor.size}`,
      { expected: String(this.#descriptor.size), actual },
      {
        hint: 'The content was cut short or padded in transit. Nothing was written under its name.',
      },
    );
  }
}

/** Bytes that throw instead of ending wrong: their reader need not hash them again. */
class VerifiedBytes implements AsyncIterable<Uint8Array> {
  readonly #bytes: Bytes;
  readonly #descriptor: Descriptor;
  #taken = false;

  constructor(bytes: Bytes, descriptor: Descriptor) {
    this.#bytes = bytes;
    this.#descriptor = descriptor;
  }

  static areOf(bytes: Bytes, { digest, size }: Descriptor): boolean {
    if (!(bytes instanceof VerifiedBytes)) return false;
    const known = bytes.#descriptor;
    return known.digest === digest && known.size === size;
  }

  map(step: (bytes: Bytes) => Bytes): Bytes {
    return new VerifiedBytes(step(this), this.#descriptor);
  }

  /** Only once: the rest after a partial read would be taken for the whole. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#taken) throw new Error('verified bytes are read once');
    this.#taken = true;
    return this.#bytes[Symbol.asyncIterator]();
  }
}

/**
 * Passes bytes through and throws IntegrityError instead of a wrong ending; bytes that are already
 * verified are returned unchanged. The last bytes are held back until all are known to be correct,
 * so a reader never gets `size` bytes of wrong content.
 * @example
 * import { createClient } from '@regctl/cli';
 * import { verified } from '@regctl/cli/store';
 *
 * await using client = createClient();
 * await using store = await client.openRead('alpine');
 * const root = await store.resolve('3.20');
 * const bytes = await store.fetch(root);
 * for await (const chunk of verified(bytes, root, 'alpine:3.20')) console.log(chunk.length);
 */
export function verified(bytes: Bytes, descriptor: Descriptor, where: string): Bytes {
  if (VerifiedBytes.areOf(bytes, descriptor)) return bytes;
  return new VerifiedBytes(verifyBytes(bytes, descriptor, where), descriptor);
}

/** Marks the whole content as verified, by a caller that used a Verifier and held back its end. */
export function markVerified(bytes: Bytes, descriptor: Descriptor): Bytes {
  return new VerifiedBytes(bytes, descriptor);
}

/** `step` changes no byte and drops no error, so verified bytes remain verified. */
export function mapVerified(bytes: Bytes, step: (bytes: Bytes) => Bytes): Bytes {
  return bytes instanceof VerifiedBytes ? bytes.map(step) : step(bytes);
}

async function* verifyBytes(bytes: Bytes, descriptor: Descriptor, where: string): Bytes {
  const verifier = new Verifier(descriptor, where);
  let last: Uint8Array | undefined;
  for await (const chunk of bytes) {
    verifier.update(chunk);
    if (!verifier.complete) yield chunk;
    else if (chunk.byteLength > 0) last = chunk;
  }
  verifier.finish();
  if (last !== undefined) yield last;
}

/**
 * A manifest or blob of a store as a source that can be opened again.
 * @example
 * import { createClient } from '@regctl/cli';
 * import { sourceFromStore } from '@regctl/cli/store';
 *
 * await using client = createClient();
 * await using from = await client.openRead('oci:./app');
 * await using to = await client.openWrite('oci:./copy');
 * const root = await from.resolve('1');
 * await to.push(sourceFromStore(from, root), { tag: '1' });
 * await to.commit();
 */
export function sourceFromStore(store: ReadStore, descriptor: Descriptor): Source {
  return { descriptor, open: (options) => store.fetch(descriptor, options) };
}

/**
 * Bytes in memory as a source.
 * @example
 * import { createMemoryStore, sourceFromBytes } from '@regctl/cli/store';
 * import { digestOf } from '@regctl/cli/oci';
 *
 * const data = new TextEncoder().encode('{}');
 * const descriptor = { mediaType: 'application/json', digest: digestOf(data), size: data.length };
 * await using store = createMemoryStore();
 * console.log(await store.push(sourceFromBytes(descriptor, data))); // written
 */
export function sourceFromBytes(descriptor: Descriptor, data: Uint8Array): Source {
  return { descriptor, open: async (options) => bytesOf(data, options?.from) };
}

/** Maximum bytes of one manifest or config in memory. */
const MAX_HELD_BYTES = MAX_MANIFEST_BYTES;

/**
 * Reads all bytes of a manifest or config.
 * @throws AppError RESPONSE_TOO_LARGE above 4 MiB, before anything is fetched; IntegrityError
 * @example
 * import { createClient } from '@regctl/cli';
 * import { fetchAll } from '@regctl/cli/store';
 *
 * await using client = createClient();
 * await using store = await client.openRead('alpine');
 * const bytes = await fetchAll(store, await store.resolve('3.20'));
 * console.log(new TextDecoder().decode(bytes));
 */
export async function fetchAll(
  store: ReadStore,
  descriptor: Descriptor,
  options?: CallOptions,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > MAX_HELD_BYTES) {
    throw new AppError(
      'RESPONSE_TOO_LARGE',
      `${store.label}: ${digest} has ${size} bytes; at most ${MAX_HELD_BYTES} are read into memory`,
    );
  }
  const tooLong = (): Error =>
    new IntegrityError(
      'SIZE_MISMATCH',
      `${store.label}: ${digest} is longer than its descriptor says`,
      { expected: String(size), actual: `more than ${size}` },
    );
  return collect(await store.fetch(descriptor, options), size, tooLong);
}

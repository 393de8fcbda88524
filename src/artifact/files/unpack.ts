import { link } from 'node:fs/promises';
import { IntegrityError } from '../../errors/app-error.ts';
import { corruptLayer, Digester, plainLayer } from '../../image/layer-bytes.ts';
import { isUtf8, readable, type ByteText } from '../../image/tar/byte-text.ts';
import { isEntry, type TarEntry } from '../../image/tar/entry.ts';
import { AboveRootError, HeaderError } from '../../image/tar/header.ts';
import { TarReader } from '../../image/tar/reader.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { systemError } from '../../util/errno.ts';
import { checkLink, safeParts, unsafe } from './safe-path.ts';
import { CONTENT_DIGEST } from './sources.ts';
import type { Staging } from './staging.ts';

/**
 * Unpacks a directory that ORAS or regctl packed: files, directories, and relative links that stay
 * within it. Set-id bits are dropped; owners are not kept.
 * @throws AppError PATH_UNSAFE for anything else, CORRUPT_LAYER; IntegrityError
 */
export async function unpackDirectory(
  store: ReadStore,
  layer: Descriptor,
  /** Its own name, in which every entry must lie; empty for the output directory itself. */
  root: readonly string[],
  staging: Staging,
  { signal }: CallOptions = {},
): Promise<void> {
  const tar = new Digester('sha256');
  const bytes = tar.through(plainLayer(store, layer, { signal }), signal);
  const parts = entries(bytes, store.label, layer);
  const unpacking = new Unpacking(root, staging, signal);
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    await unpacking.add(next.value.entry, next.value.content());
  }
  const expected = layer.annotations?.[CONTENT_DIGEST];
  const actual = tar.result().digest;
  if (expected === undefined || !isDigest(expected) || expected === actual) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot unpack ${layer.digest} of ${store.label}: its tar has the digest ${actual}`,
    { expected, actual },
    { hint: 'The artifact is inconsistent: push it again from its source.' },
  );
}

interface StreamedEntry {
  readonly entry: TarEntry;
  /** To be read before the next entry; what is not read is skipped. */
  readonly content: () => Bytes;
}

/** Reads to the end of the stream, so that everything is verified. */
async function* entries(
  bytes: Bytes,
  label: string,
  layer: Descriptor,
): AsyncGenerator<StreamedEntry, undefined> {
  const reader = new TarReader(({ inode }) => inode.type === 'file');
  const pending: (TarEntry | Uint8Array | number)[] = [];
  const chunks = bytes[Symbol.asyncIterator]();
  let isOver = false;
  const more = async (): Promise<boolean> => {
    while (pending.length === 0 && !isOver) {
      const { done, value } = await chunks.next();
      try {
        if (done === true) {
          reader.finish();
          isOver = true;
        } else pending.push(...reader.push(value));
      } catch (error) {
        if (error instanceof AboveRootError) throw unsafe(label, error.message);
        if (error instanceof HeaderError) throw corruptLayer(label, layer, error.message, error);
        throw error;
      }
    }
    return pending.length > 0;
  };
  const content = async function* (): Bytes {
    while (await more()) {
      const [next] = pending;
      if (next === undefined || (typeof next === 'object' && isEntry(next))) return;
      pending.shift();
      if (typeof next === 'number') yield* zeros(next);
      else yield next;
    }
  };
  try {
    while (await more()) {
      const next = pending.shift();
      if (typeof next === 'object' && isEntry(next)) yield { entry: next, content };
    }
  } finally {
    await chunks.return?.();
  }
  return undefined;
}

/** A hole of a sparse file. */
async function* zeros(count: number): Bytes {
  const block = Buffer.alloc(Math.min(count, 64 * 1024));
  for (let left = count; left > 0; left -= block.byteLength) {
    yield left < block.byteLength ? block.subarray(0, left) : block;
  }
}

class Unpacking {
  readonly #root: readonly string[];
  readonly #staging: Staging;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Set<string>();

  constructor(root: readonly string[], staging: Staging, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#staging = staging;
    this.#signal = signal;
  }

  async add({ path, hardLink, inode }: TarEntry, content: Bytes): Promise<void> {
    const parts = this.#within(path);
    const { mtime } = inode;
    const mode = inode.mode & 0o777;
    if (hardLink !== undefined) return this.#link(parts, this.#within(hardLink));
    switch (inode.type) {
      case 'directory':
        this.#staging.claim(parts, 'directory');
        return this.#staging.makeDirectory(parts, mode, mtime);
      case 'file':
        this.#staging.claim(parts, 'file');
        this.#files.add(parts.join('/'));
        return this.#staging.writeFile(parts, content, { mode, mtime, signal: this.#signal });
      case 'symlink': {
        const target = textOf(inode.link ?? '');
        checkLink(parts, target, this.#root.length);
        this.#staging.claim(parts, 'link');
        return this.#staging.makeLink(parts, target, mtime);
      }
      default:
        throw unsafe(parts.join('/'), 'it is a device or a pipe');
    }
  }

  /** Another name of a file that was unpacked before. */
  async #link(parts: readonly string[], target: readonly string[]): Promise<void> {
    const path = parts.join('/');
    if (!this.#files.has(target.join('/'))) throw unsafe(path, 'it is a link to no earlier file');
    this.#staging.claim(parts, 'file');
    await this.#staging.makeDirectory(parts.slice(0, -1));
    try {
      await link(this.#staging.pathOf(target), this.#staging.pathOf(parts));
    } catch (error) {
      throw systemError(error, { verb: 'write', path });
    }
  }

  #within(path: ByteText): readonly string[] {
    const name = textOf(path);
    const parts = safeParts(name);
    if (this.#root.every((part, at) => parts[at] === part)) return parts;
    throw unsafe(name, `it lies outside of the directory "${this.#root.join('/')}"`);
  }
}

function textOf(bytes: ByteText): string {
  if (isUtf8(bytes)) return readable(bytes);
  throw unsafe(readable(bytes), 'it is not UTF-8 text');
}

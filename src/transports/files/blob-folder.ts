import { renamePatiently } from '../../util/atomic-file.ts';
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { OpenOptions, PushOptions, Source } from '../../store/types.ts';
import { verified } from '../../store/verify.ts';
import { skipBytes, type Bytes } from '../../util/bytes.ts';
import { createLimiter } from '../../util/limiter.ts';
import { syncFolder, type Temporaries } from '../../util/temporaries.ts';
import { Appender } from './appender.ts';
import { openRegular, readChunks, withDiskErrors } from './disk.ts';
import { NotRegularError } from '../../util/regular-file.ts';
import { errnoOf } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';

/** Leaves two of Node's four file-system threads free. */
const MAX_EARLY_SYNCS = 2;

/** A directory of content-addressed files, one for each digest. */
export class BlobFolder {
  readonly #pathOf: (digest: Digest) => string;
  readonly #label: string;
  readonly #root: string | undefined;
  readonly #temporaries: Temporaries;
  readonly #temporary = new Set<string>();
  readonly #syncs = createLimiter(MAX_EARLY_SYNCS);
  /** Directories with new or renamed files. */
  readonly #changed = new Set<string>();
  readonly #folders = new Map<string, Promise<unknown>>();

  /**
   * `pathOf` builds a path only from a validated digest. Below `root`, nothing is written through a
   * link: otherwise an untrusted layout could choose where its blobs go.
   */
  constructor(
    label: string,
    pathOf: (digest: Digest) => string,
    temporaries: Temporaries,
    root?: string,
  ) {
    this.#root = root;
    this.#label = label;
    this.#temporaries = temporaries;
    this.#pathOf = pathOf;
  }

  path(digest: Digest): string {
    return this.#pathOf(digest);
  }

  /** Size in bytes of a regular file; `undefined` if there is none. */
  async size(digest: Digest): Promise<number | undefined> {
    const path = this.path(digest);
    return withDiskErrors(path, async () => {
      try {
        const stat = await lstat(path);
        return stat.isFile() ? stat.size : undefined;
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  /**
   * Whether the blob exists with this size; a file of another size is damaged, and the next push
   * replaces it.
   */
  async has({ digest, size }: Descriptor): Promise<boolean> {
    return (await this.size(digest)) === size;
  }

  /**
   * The file is opened when the first chunk is asked for: a reader may never ask.
   * @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN, CORRUPT_LAYOUT; IntegrityError, for a wrong
   * size before any byte
   */
  async read(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    const path = this.path(descriptor.digest);
    const size = await this.size(descriptor.digest);
    // Opening finds out what else it is.
    if (size === undefined) await (await this.#open(path, descriptor)).close();
    else requireSize(path, descriptor, size);
    const bytes = verified(this.#chunks(path, descriptor, options), descriptor, path);
    return skipBytes(bytes, options?.from ?? 0);
  }

  async *#chunks(path: string, descriptor: Descriptor, options?: OpenOptions): Bytes {
    const file = await this.#open(path, descriptor);
    const { signal, reuseChunks } = options ?? {};
    yield* readChunks(file, path, { signal, reuseChunks, size: descriptor.size });
  }

  /** @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN, CORRUPT_LAYOUT; IntegrityError */
  async #open(path: string, descriptor: Descriptor): Promise<FileHandle> {
    const opened = await openRegular(path);
    if (opened === undefined) {
      const code = isManifestType(descriptor.mediaType) ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
      throw new AppError(code, `${this.#label} does not have ${descriptor.digest}`, {
        hint: `The directory is incomplete: ${path} is missing.`,
      });
    }
    try {
      requireSize(path, descriptor, Number(opened.stat.size));
    } catch (error) {
      await opened.file.close();
      throw error;
    }
    return opened.file;
  }

  /**
   * Writes a temporary file, syncs and renames it: the final name only ever holds verified bytes.
   */
  async write(source: Source, options?: PushOptions): Promise<void> {
    const { descriptor } = source;
    const path = this.path(descriptor.digest);
    const folder = dirname(path);
    await this.#make(folder);
    await this.#temporaries.sweep(folder);
    const temporary = join(folder, this.#temporaries.name());
    this.#temporary.add(temporary);
    try {
      const file = await withDiskErrors(temporary, () => open(temporary, 'wx', 0o644));
      const out = new Appender(file, temporary, this.#syncs);
      try {
        await this.#fill(out, source, options);
        await out.sync();
      } finally {
        await out.close();
      }
      options?.signal?.throwIfAborted();
      await withDiskErrors(path, () => renamePatiently(temporary, path));
      this.#changed.add(folder);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      this.#temporary.delete(temporary);
    }
  }

  /** Creates a directory once per run. */
  #make(folder: string): Promise<unknown> {
    const made = this.#folders.get(folder) ?? makeOwnFolder(folder, this.#root);
    this.#folders.set(folder, made);
    return made;
  }

  async #fill(out: Appender, source: Source, options?: PushOptions): Promise<void> {
    const bytes = await source.open({ signal: options?.signal, reuseChunks: true });
    let sent = 0;
    for await (const chunk of verified(bytes, source.descriptor, this.#label)) {
      options?.signal?.throwIfAborted();
      await out.write(chunk);
      sent += chunk.byteLength;
      options?.onBytes?.(sent);
    }
  }

  /** Syncs the directories, so that new files keep their names after a power cut. */
  async syncFolders(): Promise<void> {
    for (const folder of this.#changed) await syncFolder(folder);
    this.#changed.clear();
  }

  /** Removes the temporary files of unfinished writes. */
  async dispose(): Promise<void> {
    for (const path of this.#temporary) await rm(path, { force: true });
  }
}

/** @throws IntegrityError */
function requireSize(path: string, { digest, size }: Descriptor, actual: number): void {
  if (actual === size) return;
  throw new IntegrityError(
    'SIZE_MISMATCH',
    `${path} has ${actual} bytes, the descriptor of ${digest} says ${size}`,
    { expected: String(size), actual: String(actual) },
    { hint: 'The layout is damaged or cut short; write it again from its source.' },
  );
}

/** Creates the directories below `root` one by one, so that no link among them is followed. */
async function makeOwnFolder(folder: string, root = folder): Promise<void> {
  await withDiskErrors(folder, async () => {
    await makeFolder(root);
    let at = root;
    for (const part of relative(root, folder).split(sep)) {
      at = join(at, part);
      const found = await lstat(at).catch(() => undefined);
      if (part !== '' && found?.isSymbolicLink() === true)
        throw new NotRegularError(at, 'a symbolic link');
      if (found === undefined) await makeFolder(at);
    }
  });
}

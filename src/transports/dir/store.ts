import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import {
  childrenOf,
  describeManifest,
  MAX_MANIFEST_BYTES,
  parseManifest,
} from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { fetchManifest, describeRawManifest } from '../../store/manifests.ts';
import type {
  Capabilities,
  OpenOptions,
  PushOptions,
  PushOutcome,
  ResolveOptions,
  Source,
  WriteStore,
  WriteTraits,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { fetchAll, sourceFromBytes, verified } from '../../store/verify.ts';
import { bytesOf, type Bytes, skipBytes } from '../../util/bytes.ts';
import { plainTemporaries } from '../../util/temporaries.ts';
import { BlobFolder } from '../files/blob-folder.ts';
import { readSmall } from '../files/disk.ts';
import { withFolderLock, type FolderOptions } from '../files/folder-lock.ts';
import { DirFiles } from './files.ts';

/** Concurrent file writes; more only queue at the disk. */
const TRAITS: WriteTraits = { maxParallelPushes: 16 };

/** How a directory is read and written. */
export type DirOptions = FolderOptions;

/**
 * @throws AppError PATH_UNKNOWN, CORRUPT_LAYOUT, UNSUPPORTED, IO
 * @example
 * import { openDirForRead } from '@regctl/cli/transports';
 *
 * await using image = await openDirForRead('./alpine');
 * console.log((await image.resolve(undefined)).digest);
 */
export async function openDirForRead(folder: string): Promise<WriteStore> {
  const temporaries = plainTemporaries();
  const files = new DirFiles(folder, temporaries);
  await files.requireImage();
  return new DirStore(files, { temporaries });
}

/**
 * Opens a directory for one image; `commit()` replaces the image that it holds.
 * @throws AppError PATH_EXISTS if it holds something else; UNSUPPORTED, IO
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyImage } from '@regctl/cli/copy';
 * import { openDirForWrite } from '@regctl/cli/transports';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = await openDirForWrite('./alpine');
 * const tags = { sourceRef: '3.20', destinationTag: undefined };
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * await copyImage({ ...run, ...tags });
 */
export async function openDirForWrite(
  folder: string,
  options: Partial<DirOptions> = {},
): Promise<WriteStore> {
  const temporaries = options.temporaries ?? plainTemporaries();
  const files = new DirFiles(folder, temporaries);
  await files.requireFree();
  return new DirStore(files, { ...options, temporaries });
}

class DirStore implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = TRAITS;
  /** A directory holds one image without a name. */
  readonly capabilities: Capabilities = { tags: { async *tags() {} } };
  readonly #files: DirFiles;
  readonly #options: DirOptions;
  /** Files that this run wrote, or found and relies on. */
  readonly #relied = new Set<string>();
  readonly #blobs: BlobFolder;
  readonly #instances: BlobFolder;
  /** The manifest that was pushed last: children come before the index that lists them. */
  #root: Descriptor | undefined;
  #prepared: Promise<void> | undefined;

  constructor(files: DirFiles, options: DirOptions) {
    this.label = `dir:${files.folder}`;
    this.#files = files;
    this.#options = options;
    const { temporaries } = options;
    this.#blobs = new BlobFolder(this.label, (digest) => files.blobPath(digest), temporaries);
    this.#instances = new BlobFolder(
      this.label,
      (digest) => files.instancePath(digest),
      temporaries,
    );
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const root = await this.#current();
    if (ref === undefined) {
      if (root !== undefined) return root.descriptor;
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} holds no image`);
    }
    if (!isDigest(ref)) {
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} has no image tagged "${ref}"`, {
        hint: 'Remove the tag: dir: holds one image without tags.',
      });
    }
    if (root?.descriptor.digest === ref) return root.descriptor;
    const raw = await readSmall(this.#instances.path(ref), MAX_MANIFEST_BYTES);
    return describeRawManifest(raw, ref, this.label);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    if (!isManifestType(descriptor.mediaType)) return this.#blobs.has(descriptor);
    return (
      (await this.#instances.has(descriptor)) || (await this.#rootOf(descriptor)) !== undefined
    );
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    if (!isManifestType(descriptor.mediaType)) return this.#blobs.read(descriptor, options);
    const raw = await this.#rootOf(descriptor);
    return raw === undefined
      ? this.#instances.read(descriptor, options)
      : skipBytes(verified(bytesOf(raw), descriptor, this.label), options?.from ?? 0);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    if (options?.tag !== undefined) throw this.#noTags();
    const isManifest = isManifestType(descriptor.mediaType);
    const present = await this.has(descriptor, options);
    if (!present) {
      this.#prepared ??= this.#files.prepare();
      await this.#prepared;
      await (isManifest ? this.#instances : this.#blobs).write(source, options);
    }
    if (isManifest) {
      await fetchManifest(this, descriptor, { signal: options?.signal });
      this.#root = descriptor;
    }
    if (!isManifest || !present) this.#relied.add(this.#pathOf(descriptor.digest, isManifest));
    return present ? 'present' : 'written';
  }

  tag(): Promise<void> {
    return Promise.reject(this.#noTags());
  }

  /** Renames the new manifest into place, and only then removes the files that it does not need. */
  async commit(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const root = this.#root;
    if (root === undefined) return;
    const call = { signal: options?.signal };
    await withFolderLock(this.#files.folder, { ...this.#options, ...call }, async () => {
      await this.#requireWhole();
      const raw = await fetchAll(this, root, call);
      const needed = new Set<string>();
      await this.#collect(root, needed, call);
      needed.delete(this.#files.instancePath(root.digest));
      await this.#keepFormerRoot(needed);
      await this.#blobs.syncFolders();
      await this.#instances.syncFolders();
      await this.#files.writeRoot(raw);
      this.#root = undefined;
      await this.#files.tidy(needed);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs.dispose();
    await this.#instances.dispose();
  }

  /** @throws AppError IO if another run has removed files that this one needs */
  async #requireWhole(): Promise<void> {
    for (const path of this.#relied) {
      if (await this.#files.exists(path)) continue;
      throw new AppError(
        'IO',
        `cannot write ${this.label}: another run has written its image there`,
        {
          hint: 'Run it again, or name another directory.',
        },
      );
    }
    this.#relied.clear();
  }

  /** The image that `manifest.json` describes, or will describe after the commit. */
  async #current(): Promise<{ descriptor: Descriptor; raw?: Uint8Array } | undefined> {
    if (this.#root !== undefined) return { descriptor: this.#root };
    const raw = await this.#files.rootManifest();
    return raw === undefined
      ? undefined
      : { descriptor: describeManifest(parseManifest(raw)), raw };
  }

  /** The bytes of `manifest.json` if they match the descriptor. */
  async #rootOf({ digest, size }: Descriptor): Promise<Uint8Array | undefined> {
    const raw = await this.#files.rootManifest();
    const isIt = raw?.byteLength === size && digestOf(raw, algorithmOf(digest)) === digest;
    return isIt ? raw : undefined;
  }

  /** Keeps the previous manifest if the new index lists it. */
  async #keepFormerRoot(needed: ReadonlySet<string>): Promise<void> {
    const raw = await this.#files.rootManifest();
    if (raw === undefined) return;
    const descriptor = describeManifest(parseManifest(raw));
    if (!needed.has(this.#instances.path(descriptor.digest))) return;
    if (!(await this.#instances.has(descriptor)))
      await this.#instances.write(sourceFromBytes(descriptor, raw));
  }

  async #collect(
    descriptor: Descriptor,
    needed: Set<string>,
    options?: CallOptions,
  ): Promise<void> {
    const { digest, mediaType } = descriptor;
    const path = this.#pathOf(digest, isManifestType(mediaType));
    if (needed.has(path)) return;
    needed.add(path);
    if (!isManifestType(mediaType) || !(await this.has(descriptor, options))) return;
    const manifest = await fetchManifest(this, descriptor, { signal: options?.signal });
    // A layer is a blob, even if it has the media type of a manifest.
    if (manifest.kind !== 'index')
      for (const child of childrenOf(manifest)) needed.add(this.#pathOf(child.digest, false));
    else for (const child of manifest.manifests) await this.#collect(child, needed, options);
  }

  #pathOf(digest: Digest, isManifest: boolean): string {
    return isManifest ? this.#files.instancePath(digest) : this.#files.blobPath(digest);
  }

  #noTags(): AppError {
    return new AppError('UNSUPPORTED', `${this.label} holds one image without tags`, {
      hint: 'Leave the tag out, or write to oci:DIR:TAG.',
    });
  }
}

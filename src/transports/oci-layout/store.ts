import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
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
import type { Bytes } from '../../util/bytes.ts';
import { plainTemporaries, type Temporaries } from '../../util/temporaries.ts';
import { BlobFolder } from '../files/blob-folder.ts';
import { layoutBlobPath, LayoutFiles, type LayoutOptions } from './files.ts';
import { layoutCapabilities } from './capabilities.ts';
import { EMPTY_INDEX, type LayoutIndex } from './index-json.ts';
import { PendingIndex } from './pending-index.ts';
import { describeFile, EntryFinder } from './resolve.ts';

/** Concurrent file writes; more only queue at the disk. */
const MAX_PARALLEL_PUSHES = 16;

/**
 * Opens a layout directory for reading.
 * @throws AppError PATH_UNKNOWN, CORRUPT_LAYOUT, UNSUPPORTED, IO
 * @example
 * import { openLayoutForRead } from '@regctl/cli/transports';
 *
 * await using layout = await openLayoutForRead('./alpine');
 * for await (const tags of layout.capabilities.tags?.tags() ?? []) console.log(tags);
 */
export async function openLayoutForRead(
  folder: string,
  { sharedBlobs }: Pick<LayoutOptions, 'sharedBlobs'> = {},
): Promise<WriteStore> {
  const temporaries = plainTemporaries();
  const files = new LayoutFiles(folder, { temporaries });
  await files.requireLayout();
  await files.requireIndex();
  return new LayoutStore(folder, files, temporaries, sharedBlobs);
}

/**
 * Opens a layout directory for writing; the first write creates it. `commit()` lists the images.
 * @throws AppError CORRUPT_LAYOUT, UNSUPPORTED, IO
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyImage } from '@regctl/cli/copy';
 * import { openLayoutForWrite } from '@regctl/cli/transports';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = await openLayoutForWrite('./alpine');
 * const tags = { sourceRef: '3.20', destinationTag: '3.20' };
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * await copyImage({ ...run, ...tags });
 */
export async function openLayoutForWrite(
  folder: string,
  options: Partial<LayoutOptions> = {},
): Promise<WriteStore> {
  const temporaries = options.temporaries ?? plainTemporaries();
  const files = new LayoutFiles(folder, { ...options, temporaries });
  await files.isLayout();
  await files.readIndex();
  return new LayoutStore(folder, files, temporaries, options.sharedBlobs);
}

class LayoutStore implements WriteStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly traits: WriteTraits = { maxParallelPushes: MAX_PARALLEL_PUSHES };
  readonly #files: LayoutFiles;
  readonly #blobs: BlobFolder;
  readonly #pending = new PendingIndex();
  readonly #finder: EntryFinder;
  #hasWritten = false;

  constructor(
    folder: string,
    files: LayoutFiles,
    temporaries: Temporaries,
    sharedBlobs: string | undefined,
  ) {
    this.label = `oci:${folder}`;
    this.#files = files;
    this.#blobs = new BlobFolder(
      this.label,
      (digest) => layoutBlobPath(folder, digest, sharedBlobs),
      temporaries,
      sharedBlobs ?? folder,
    );
    this.#finder = new EntryFinder(this.label, this.#pending);
    this.capabilities = {
      ...layoutCapabilities(this, files, {
        index: () => this.#index(),
        pending: this.#pending,
        finder: this.#finder,
      }),
      sizes: { blob: (digest) => this.#blobs.size(digest) },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const found = this.#finder.find(await this.#index(), ref);
    if (found !== undefined) return found;
    const digest = ref as Digest;
    return describeFile(this.#blobs.path(digest), digest, this.label);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return this.#blobs.has(descriptor);
  }

  fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    return this.#blobs.read(descriptor, options);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const present = await this.has(descriptor, options);
    if (!present) {
      await this.#blobs.write(source, options);
      this.#hasWritten = true;
    }
    if (isManifestType(descriptor.mediaType)) await this.#note(descriptor, options);
    if (options?.tag !== undefined) this.#pending.tag(options.tag, descriptor);
    return present ? 'present' : 'written';
  }

  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    if (!(await this.has(descriptor, options))) {
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} does not have ${descriptor.digest}`);
    }
    this.#pending.tag(tag, descriptor);
  }

  async commit(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    // A blob in a new directory makes it a layout, too.
    if (this.#pending.isEmpty && !this.#hasWritten) return;
    await this.#blobs.syncFolders();
    await this.#files.update((index) => this.#pending.overlay(index), options?.signal);
    this.#pending.clear();
    this.#hasWritten = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs.dispose();
  }

  /** The current index.json. */
  async #index(): Promise<LayoutIndex> {
    return (await this.#files.readIndex()) ?? EMPTY_INDEX;
  }

  async #note(descriptor: Descriptor, options?: CallOptions): Promise<void> {
    this.#pending.add(
      descriptor,
      await fetchManifest(this, descriptor, { signal: options?.signal }),
    );
  }
}

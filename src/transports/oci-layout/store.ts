import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { childrenOf } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type {
  Capabilities,
  CallOptions,
  PushOptions,
  PushOutcome,
  ResolveOptions,
  Source,
  WriteStore,
  WriteTraits,
} from '../../store/types.ts';
import type { Bytes } from '../../util/bytes.ts';
import { BlobFolder } from './blobs.ts';
import { layoutCapabilities } from './capabilities.ts';
import { LayoutFiles } from './files.ts';
import { EMPTY_INDEX, withEntry, withTag, type LayoutIndex } from './index-json.ts';
import type { LockOptions } from './lock.ts';
import { describeFile, findEntry } from './resolve.ts';

/** File writes at a time; more only queue at the disk. */
const MAX_PARALLEL_PUSHES = 16;

/**
 * A layout folder for reading.
 * @throws AppError PATH_UNKNOWN, CORRUPT_LAYOUT, UNSUPPORTED, IO
 */
export async function openLayoutForRead(folder: string): Promise<WriteStore> {
  const files = new LayoutFiles(folder);
  await files.mustBeLayout();
  await files.mustReadIndex();
  return new LayoutStore(folder, files);
}

/**
 * A layout folder for writing, made by the first write. Nothing is listed before `commit()`.
 * @throws AppError CORRUPT_LAYOUT, UNSUPPORTED, IO
 */
export async function openLayoutForWrite(
  folder: string,
  lock: Omit<LockOptions, 'signal'> = {},
): Promise<WriteStore> {
  const files = new LayoutFiles(folder, lock);
  await files.isLayout();
  await files.readIndex();
  return new LayoutStore(folder, files);
}

class LayoutStore implements WriteStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly traits: WriteTraits = { maxParallelPushes: MAX_PARALLEL_PUSHES };
  readonly #files: LayoutFiles;
  readonly #blobs: BlobFolder;
  readonly #tags = new Map<string, Descriptor>();
  readonly #pushed = new Map<Digest, Descriptor>();
  /** Manifests that another manifest of this run lists: index.json need not. */
  readonly #children = new Set<Digest>();

  constructor(folder: string, files: LayoutFiles) {
    this.label = `oci:${folder}`;
    this.#files = files;
    this.#blobs = new BlobFolder(folder, this.label);
    this.capabilities = layoutCapabilities(this, files, () => this.#index());
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const found = findEntry(await this.#index(), ref, this.label);
    if (found !== undefined) return found;
    const digest = ref as Digest;
    return describeFile(this.#blobs.path(digest), digest, this.label);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return this.#blobs.has(descriptor);
  }

  fetch(
    descriptor: Descriptor,
    options?: CallOptions & { from?: number | undefined },
  ): Promise<Bytes> {
    return this.#blobs.read(descriptor, options);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const present = await this.has(descriptor, options);
    if (!present) await this.#blobs.write(source, options);
    if (isManifestType(descriptor.mediaType)) await this.#note(descriptor, options);
    if (options?.tag !== undefined) this.#tags.set(options.tag, descriptor);
    return present ? 'present' : 'written';
  }

  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    if (!(await this.has(descriptor, options))) {
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} does not have ${descriptor.digest}`);
    }
    this.#tags.set(tag, descriptor);
  }

  async commit(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.#pushed.size === 0 && this.#tags.size === 0) return;
    await this.#files.update((index) => this.#overlay(index), options?.signal);
    this.#tags.clear();
    this.#pushed.clear();
    this.#children.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs.dispose();
  }

  /** index.json as it will be after `commit`. */
  async #index(): Promise<LayoutIndex> {
    return this.#overlay((await this.#files.readIndex()) ?? EMPTY_INDEX);
  }

  #overlay(index: LayoutIndex): LayoutIndex {
    let after = index;
    for (const [tag, descriptor] of this.#tags) after = withTag(after, tag, descriptor);
    for (const [digest, descriptor] of this.#pushed)
      if (!this.#children.has(digest)) after = withEntry(after, descriptor);
    return after;
  }

  async #note(descriptor: Descriptor, options?: CallOptions): Promise<void> {
    const manifest = await fetchManifest(this, descriptor, { signal: options?.signal });
    this.#pushed.set(descriptor.digest, descriptor);
    for (const child of childrenOf(manifest))
      if (isManifestType(child.mediaType) && isDigest(child.digest))
        this.#children.add(child.digest);
  }
}

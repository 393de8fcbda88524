import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { checkManifestSize, describeRawManifest } from '../../store/manifests.ts';
import type {
  Capabilities,
  OpenOptions,
  PushOptions,
  PushOutcome,
  ReadStore,
  ResolveOptions,
  Source,
  WriteStore,
  WriteTraits,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import { bytesOf, collect, drain, type Bytes, skipBytes } from '../../util/bytes.ts';
import { readCapabilities } from '../oci-layout/capabilities.ts';
import { EMPTY_INDEX, printLayoutIndex } from '../oci-layout/index-json.ts';
import { PendingIndex } from '../oci-layout/pending-index.ts';
import { EntryFinder } from '../oci-layout/resolve.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar, STDIO, openExisting } from '../tar/open.ts';
import { StreamStore } from '../tar/stream-store.ts';
import type { TarStream } from '../tar/stream.ts';
import { versionOfFile, withArchiveLock } from '../tar/shared-file.ts';
import { verifiedBytesOf } from '../files/verified-source.ts';
import { TarWriter } from '../tar/writer.ts';
import type { Location, OpenContext } from '../types.ts';
import { blobsOf, readArchiveIndex, readBlob, readSmallBlob } from './content.ts';
import { CommittedArchive, type FileVersion } from './committed.ts';
import { treesOf } from './trees.ts';
import { blobName } from '../tar/blob-names.ts';

/** A tar is one stream. */
const TRAITS: WriteTraits = { maxParallelPushes: 1 };

/**
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, CORRUPT_LAYOUT, UNSUPPORTED, IO
 * @example
 * import { openOciArchiveForRead, type OpenContext } from '@regctl/cli/transports';
 *
 * async function list(context: OpenContext) {
 *   await using archive = await openOciArchiveForRead('layout.tar', context);
 *   for await (const tags of archive.capabilities.tags?.tags() ?? []) console.log(tags);
 * }
 */
export async function openOciArchiveForRead(
  path: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const opened = await openTar(path, context, options?.signal);
  if (opened instanceof TarArchive) return withArchive(path, context, opened);
  return createLayoutReader(`oci-archive:${path}`, context, opened);
}

/** Reads a streamed layout. */
export function createLayoutReader(
  label: string,
  context: OpenContext,
  stream: TarStream,
): ReadStore {
  return new StreamStore(label, {
    sources: (call) => blobsOf(stream, call),
    skip: (call) => drain(stream.files(call?.signal)),
    open: () => withArchive(stream.path, context, stream.archive()),
    close: () => stream[Symbol.asyncDispose](),
  });
}

/**
 * Opens an archive for writing; `commit()` creates or replaces the file. With a tag, the other
 * images of the file are kept; without one, the file is replaced.
 * @throws AppError CORRUPT_ARCHIVE, CORRUPT_LAYOUT, UNSUPPORTED, IO
 * @example
 * import { copyImage } from '@regctl/cli/copy';
 * import type { ReadStore } from '@regctl/cli/store';
 * import { openOciArchiveForWrite, type OpenContext } from '@regctl/cli/transports';
 *
 * async function save(source: ReadStore, context: OpenContext) {
 *   await using destination = await openOciArchiveForWrite({ name: 'layout.tar', ref: undefined }, context);
 *   const tags = { sourceRef: '3.20', destinationTag: undefined };
 *   const run = { source, destination, concurrency: 6, emit: console.debug };
 *   await copyImage({ ...run, ...tags });
 * }
 */
export async function openOciArchiveForWrite(
  { name, ref }: Pick<Location, 'name' | 'ref'>,
  context: OpenContext,
  options?: CallOptions,
): Promise<WriteStore> {
  if (ref === undefined) return withArchive(name, context, undefined);
  const version = await versionOfFile(name);
  const archive = await openExisting(name, context, options?.signal);
  return withArchive(name, context, archive, { version });
}

/**
 * Opens the layout in a tar that was streamed, or that another program wrote.
 * @throws AppError CORRUPT_LAYOUT
 */
export async function openLayoutTar(
  path: string,
  context: OpenContext,
  archive: TarArchive,
): Promise<ReadStore> {
  return withArchive(path, context, archive);
}

async function withArchive(
  path: string,
  context: OpenContext,
  archive: TarArchive | undefined,
  addsTo?: FileVersion,
): Promise<WriteStore> {
  try {
    const index = archive === undefined ? EMPTY_INDEX : await readArchiveIndex(archive);
    const committed = new CommittedArchive(path, context, { archive, index, addsTo });
    return new OciArchive(path, context, committed);
  } catch (error) {
    await archive?.[Symbol.asyncDispose]();
    throw error;
  }
}

class OciArchive implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = TRAITS;
  readonly capabilities: Capabilities;
  readonly #path: string;
  readonly #context: OpenContext;
  readonly #pending = new PendingIndex();
  readonly #finder: EntryFinder;
  readonly #committed: CommittedArchive;
  /** Holds the blobs that were pushed since the last commit. */
  #writer: TarWriter;
  #started = false;

  constructor(path: string, context: OpenContext, committed: CommittedArchive) {
    this.label = `oci-archive:${path}`;
    this.#path = path;
    this.#context = context;
    this.#committed = committed;
    this.#writer = new TarWriter(path, context);
    this.#finder = new EntryFinder(this.label, this.#pending);
    this.capabilities = readCapabilities(this, {
      index: async () => committed.index,
      pending: this.#pending,
      finder: this.#finder,
    });
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const found = this.#finder.find(this.#committed.index, ref);
    if (found !== undefined) return found;
    const digest = ref as Digest;
    return describeRawManifest(await this.#rawOf(digest), digest, this.label);
  }

  async has({ digest, size }: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    const name = blobName(digest);
    if (this.#writer.sizeOf(name) === size) return true;
    return (await this.#committed.archiveWith(digest))?.find(name)?.size === size;
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    const name = blobName(descriptor.digest);
    if (this.#writer.sizeOf(name) === undefined)
      return readBlob(
        await this.#committed.archiveWith(descriptor.digest),
        descriptor,
        this.label,
        options,
      );
    const bytes = this.#writer.read(name, options?.signal);
    return skipBytes(verified(bytes, descriptor, this.label), options?.from ?? 0);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const present = await this.has(descriptor, options);
    if (isManifestType(descriptor.mediaType)) await this.#pushManifest(source, present, options);
    else if (!present) {
      const how = { ...options, reuseChunks: true };
      await this.#write(descriptor, await verifiedBytesOf(source, this.label, how));
    }
    if (options?.tag !== undefined) this.#pending.tag(options.tag, descriptor);
    return present ? 'present' : 'written';
  }

  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    if (!(await this.has(descriptor, options)))
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} does not have ${descriptor.digest}`);
    this.#pending.tag(tag, descriptor);
  }

  async commit(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.#pending.isEmpty) return;
    const replace = (): Promise<void> => this.#replace(options);
    await (this.#committed.adds
      ? withArchiveLock(this.#path, this.#context, replace, options)
      : replace());
  }

  /** Keeps also the images that other runs added since this one opened the file. */
  async #replace(options?: CallOptions): Promise<void> {
    await this.#committed.reread(options?.signal);
    const index = this.#pending.overlay(this.#committed.index);
    await this.#start();
    if (!(await this.#committed.isEmpty())) {
      for await (const kept of treesOf(index, this, options)) await this.#keep(kept, options);
    }
    await this.#writer.addData('index.json', Buffer.from(printLayoutIndex(index)));
    await this.#writer.finish();
    this.#pending.clear();
    await this.#committed.replaced(index);
    if (this.#path === STDIO) return;
    this.#writer = new TarWriter(this.#path, this.#context);
    this.#started = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await this.#committed[Symbol.asyncDispose]();
  }

  async #keep(descriptor: Descriptor, options?: CallOptions): Promise<void> {
    const { digest } = descriptor;
    if (this.#writer.sizeOf(blobName(digest)) !== undefined) return;
    const archive = await this.#committed.archiveWith(digest);
    await this.#write(descriptor, readBlob(archive, descriptor, this.label, options));
  }

  async #start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#writer.addData('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  }

  async #write({ digest, size }: Descriptor, bytes: Bytes): Promise<void> {
    await this.#start();
    await this.#writer.add(blobName(digest), size, bytes);
  }

  /** Keeps a manifest in memory until it is parsed, because a stream cannot be read back. */
  async #pushManifest(source: Source, present: boolean, options?: PushOptions): Promise<void> {
    const { descriptor } = source;
    checkManifestSize(descriptor, `${this.label}: ${descriptor.digest}`);
    const bytes = await verifiedBytesOf(source, this.label, options);
    const raw = await collect(bytes, MAX_MANIFEST_BYTES, () => new Error('verified before'));
    const manifest = parseManifest(raw, descriptor.mediaType);
    if (!present) await this.#write(descriptor, bytesOf(raw));
    this.#pending.add(descriptor, manifest);
  }

  async #rawOf(digest: Digest): Promise<Uint8Array | undefined> {
    const name = blobName(digest);
    const size = this.#writer.sizeOf(name);
    if (size === undefined) return readSmallBlob(await this.#committed.archiveWith(digest), digest);
    if (size > MAX_MANIFEST_BYTES) return undefined;
    return collect(this.#writer.read(name), size, () => new Error('the region bounds the size'));
  }
}

import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { childrenOf, MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { checkManifestSize, fetchManifest, describeRawManifest } from '../../store/manifests.ts';
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
import { EMPTY_INDEX, printLayoutIndex, type LayoutIndex } from '../oci-layout/index-json.ts';
import { PendingIndex } from '../oci-layout/pending-index.ts';
import { EntryFinder } from '../oci-layout/resolve.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar, STDIO, openExisting } from '../tar/open.ts';
import { StreamStore } from '../tar/stream-store.ts';
import { versionOfFile, withArchiveLock } from '../tar/shared-file.ts';
import { verifiedBytesOf } from '../files/verified-source.ts';
import { TarWriter } from '../tar/writer.ts';
import type { Location, OpenContext } from '../types.ts';
import { blobsOf, readArchiveIndex, readBlob, readSmallBlob } from './content.ts';
import { blobName } from '../tar/blob-names.ts';

/** A tar is one stream. */
const TRAITS: WriteTraits = { maxParallelPushes: 1 };

/** @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, CORRUPT_LAYOUT, UNSUPPORTED, IO */
export async function openOciArchiveForRead(
  path: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const opened = await openTar(path, context, options?.signal);
  if (opened instanceof TarArchive) return withArchive(path, context, opened);
  return new StreamStore(`oci-archive:${path}`, {
    sources: (call) => blobsOf(opened, call),
    skip: (call) => drain(opened.files(call?.signal)),
    open: () => withArchive(path, context, opened.archive()),
    close: () => opened[Symbol.asyncDispose](),
  });
}

/**
 * An archive for writing; the file appears, or is replaced, at `commit()`. With a tag the other
 * images of the file stay; without one it is replaced.
 * @throws AppError CORRUPT_ARCHIVE, CORRUPT_LAYOUT, UNSUPPORTED, IO
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

/** The layout in a tar that has passed, or that another program wrote. @throws AppError CORRUPT_LAYOUT */
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
    return new OciArchive(path, context, archive, index, addsTo);
  } catch (error) {
    await archive?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** The file as it was when it was opened; `undefined`: there was none. */
interface FileVersion {
  readonly version: string | undefined;
}

class OciArchive implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = TRAITS;
  readonly capabilities: Capabilities;
  readonly #path: string;
  readonly #context: OpenContext;
  readonly #pending = new PendingIndex();
  readonly #finder: EntryFinder;
  /** What was committed, if it is open. */
  #archive: TarArchive | undefined;
  /** What this run relied on and another replaced; its bytes are there as long as it is open. */
  readonly #former: TarArchive[] = [];
  /** Absent: the file is replaced, even if another run writes it, too. */
  #addsTo: FileVersion | undefined;
  /** By a commit: the new file is opened when it is asked for, which few runs do. */
  #replaced = false;
  #opening: Promise<void> | undefined;
  #index: LayoutIndex;
  /** What was pushed since. */
  #writer: TarWriter;
  #started = false;

  constructor(
    path: string,
    context: OpenContext,
    archive: TarArchive | undefined,
    index: LayoutIndex,
    addsTo: FileVersion | undefined,
  ) {
    this.#addsTo = addsTo;
    this.label = `oci-archive:${path}`;
    this.#path = path;
    this.#context = context;
    this.#archive = archive;
    this.#index = index;
    this.#writer = new TarWriter(path, context);
    this.#finder = new EntryFinder(this.label, this.#pending);
    this.capabilities = readCapabilities(this, {
      index: async () => this.#index,
      pending: this.#pending,
      finder: this.#finder,
    });
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const found = this.#finder.find(this.#index, ref);
    if (found !== undefined) return found;
    const digest = ref as Digest;
    return describeRawManifest(await this.#rawOf(digest), digest, this.label);
  }

  async has({ digest, size }: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    const name = blobName(digest);
    if (this.#writer.sizeOf(name) === size) return true;
    return (await this.#archiveWith(digest))?.find(name)?.size === size;
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    const name = blobName(descriptor.digest);
    if (this.#writer.sizeOf(name) === undefined)
      return readBlob(await this.#archiveWith(descriptor.digest), descriptor, this.label, options);
    const bytes = this.#writer.read(name, options?.signal);
    return skipBytes(verified(bytes, descriptor, this.label), options?.from ?? 0);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const present = await this.has(descriptor, options);
    if (isManifestType(descriptor.mediaType)) await this.#pushManifest(source, present, options);
    else if (!present)
      await this.#write(descriptor, await verifiedBytesOf(source, this.label, options));
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
    const adds = this.#addsTo !== undefined;
    await (adds ? withArchiveLock(this.#path, this.#context, replace, options) : replace());
  }

  /** Images that other runs added since this one opened the file stay, too. */
  async #replace(options?: CallOptions): Promise<void> {
    if (this.#addsTo !== undefined) await this.#reread(this.#addsTo, options);
    const index = this.#pending.overlay(this.#index);
    await this.#start();
    await this.#keep(index, options);
    await this.#writer.addData('index.json', Buffer.from(printLayoutIndex(index)));
    await this.#writer.finish();
    this.#index = index;
    this.#pending.clear();
    if (this.#path === STDIO) return;
    if (this.#addsTo !== undefined) this.#addsTo = { version: await versionOfFile(this.#path) };
    this.#writer = new TarWriter(this.#path, this.#context);
    this.#started = false;
    const before = this.#archive;
    this.#archive = undefined;
    this.#replaced = true;
    await before?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await this.#archive?.[Symbol.asyncDispose]();
    for (const former of this.#former) await former[Symbol.asyncDispose]();
  }

  async #archiveWith(digest: Digest): Promise<TarArchive | undefined> {
    const now = await this.#committed();
    const all = now === undefined ? this.#former : [now, ...this.#former];
    return all.find((one) => one.find(blobName(digest)) !== undefined) ?? now;
  }

  async #committed(): Promise<TarArchive | undefined> {
    if (this.#replaced) {
      this.#opening ??= this.#reopen().finally(() => (this.#opening = undefined));
      await this.#opening;
    }
    return this.#archive;
  }

  async #reread({ version }: FileVersion, options?: CallOptions): Promise<void> {
    if ((await versionOfFile(this.#path)) === version) return;
    const now = await openExisting(this.#path, this.#context, options?.signal);
    const before = await this.#committed();
    this.#index = now === undefined ? EMPTY_INDEX : await readArchiveIndex(now);
    this.#former.push(...(before === undefined ? [] : [before]));
    this.#archive = now;
  }

  async #reopen(): Promise<void> {
    this.#archive = await openExisting(this.#path, this.#context);
    this.#replaced = false;
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

  /** Kept in memory until it is parsed: a stream cannot be read back. */
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
    if (size === undefined) return readSmallBlob(await this.#archiveWith(digest), digest);
    if (size > MAX_MANIFEST_BYTES) return undefined;
    return collect(this.#writer.read(name), size, () => new Error('the region bounds the size'));
  }

  /** Takes over what the images that stay need; what nothing names any more is left behind. */
  async #keep(index: LayoutIndex, options?: CallOptions): Promise<void> {
    if ((await this.#committed()) === undefined && this.#former.length === 0) return;
    const seen = new Set<string>();
    for (const { descriptor } of index.entries) await this.#keepTree(descriptor, seen, options);
  }

  async #keepTree(descriptor: Descriptor, seen: Set<string>, options?: CallOptions): Promise<void> {
    const { digest, mediaType } = descriptor;
    // What was pushed in this run has its children in the new file, or in the old one.
    if (seen.has(digest) || !(await this.has(descriptor, options))) return;
    seen.add(digest);
    if (isManifestType(mediaType)) {
      const manifest = await fetchManifest(this, descriptor, { signal: options?.signal });
      for (const child of childrenOf(manifest)) await this.#keepTree(child, seen, options);
    }
    if (this.#writer.sizeOf(blobName(digest)) !== undefined) return;
    await this.#write(
      descriptor,
      readBlob(await this.#archiveWith(digest), descriptor, this.label, options),
    );
  }
}

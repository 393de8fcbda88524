import { ImageNames } from './image-names.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { isManifestType, MEDIA_TYPE } from '../../oci/media-types.ts';
import { checkManifestSize } from '../../store/manifests.ts';
import type {
  Capabilities,
  PushOptions,
  PushOutcome,
  ResolveOptions,
  Source,
  WriteStore,
  WriteTraits,
  OpenWriteOptions,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import { bytesOf, collect, type Bytes, skipBytes } from '../../util/bytes.ts';
import { withArchiveLock } from '../tar/shared-file.ts';
import { verifiedBytesOf } from '../files/verified-source.ts';
import { STDIO } from '../tar/open.ts';
import { TarWriter } from '../tar/writer.ts';
import { BlobWriter } from './blob-writer.ts';
import { addLayout, type WrittenImage } from './layout-part.ts';
import type { Location, OpenContext } from '../types.ts';
import { requireForeignLayers, requireImage } from './check-image.ts';
import { type PushedImage, writeEntries } from './entries.ts';
import { printManifestJson } from './manifest-json.ts';
import { type ArchiveContext, CommittedArchive } from './committed.ts';
import { namesIn } from './read-store.ts';

/** A tar is one stream, and a Docker archive cannot hold an index. */
const TRAITS: WriteTraits = {
  maxParallelPushes: 1,
  manifestTypes: new Set([MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerManifest]),
};

export interface ArchiveTarget {
  /** The archive's name in messages. */
  readonly label: string;
  /** Path of the file. */
  readonly name: string;
  /** An image name that completes tags without a repository. */
  readonly ref: string | undefined;
  /** Whether to add an OCI layout, so that readers of layouts find the manifests. */
  readonly withLayout?: boolean;
  /** Whether the archive has image names in full, instead of Docker's short form. */
  readonly fullNames?: boolean;
}

/**
 * Opens an archive for writing; `commit()` creates or replaces the file. With an image name, the
 * other images of the file are kept; without one, the file is replaced.
 * @throws AppError CORRUPT_ARCHIVE, UNSUPPORTED, IO
 * @example
 * import { copyImage } from '@regctl/cli/copy';
 * import type { ReadStore } from '@regctl/cli/store';
 * import { openDockerArchiveForWrite, type OpenContext } from '@regctl/cli/transports';
 *
 * async function save(source: ReadStore, context: OpenContext) {
 *   await using destination = await openDockerArchiveForWrite({ name: 'image.tar', ref: undefined }, context);
 *   const tags = { sourceRef: '3.20', destinationTag: undefined };
 *   const run = { source, destination, concurrency: 6, emit: console.debug };
 *   await copyImage({ ...run, ...tags });
 * }
 */
export async function openDockerArchiveForWrite(
  { name, ref }: Pick<Location, 'name' | 'ref'>,
  context: OpenContext,
  options?: OpenWriteOptions,
): Promise<WriteStore> {
  const label = `docker-archive:${name}`;
  const committed = new CommittedArchive(name, context);
  if (ref !== undefined) await committed.open(options?.signal);
  // The layout would lack the images that are already in the file.
  const withLayout = options?.withLayout === true && committed.images.length === 0;
  return new DockerArchiveWriter({ label, name, ref, withLayout }, context, committed);
}

/**
 * Creates an archive that is written to a pipe, with the manifests in an OCI layout. Its names are
 * in full: podman takes a short one for "localhost/NAME" or "docker.io/library/NAME", depending on
 * which part of the archive it reads.
 */
export function createDockerArchiveStream(
  { label, ref }: { readonly label: string; readonly ref: string | undefined },
  context: ArchiveContext,
): DockerArchiveWriter {
  return new DockerArchiveWriter(
    { label, name: STDIO, ref, withLayout: true, fullNames: true },
    context,
  );
}

/** Writes a Docker archive: layers and configurations are stored unchanged, under their digests. */
export class DockerArchiveWriter implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = TRAITS;
  readonly capabilities: Capabilities;
  readonly #path: string;
  readonly #context: ArchiveContext;
  readonly #isNew: boolean;
  /** The pushed manifests, which the archive itself does not keep. */
  readonly #pushed = new Map<Digest, PushedImage>();
  readonly #names: ImageNames;
  /** False: the file is replaced, even if another run has changed it. */
  readonly #adds: boolean;
  readonly #committed: CommittedArchive;
  /** The blobs that were pushed since the last commit. */
  #blobs: BlobWriter;
  #changed = false;
  readonly #withLayout: boolean;

  constructor(
    { label, name, ref, withLayout, fullNames }: ArchiveTarget,
    context: ArchiveContext,
    committed: CommittedArchive = new CommittedArchive(name, context),
  ) {
    this.#adds = ref !== undefined && name !== STDIO;
    this.#withLayout = withLayout === true;
    this.label = label;
    this.#path = name;
    this.#names = new ImageNames(ref, fullNames);
    this.#context = context;
    this.#committed = committed;
    this.#isNew = committed.images.length === 0;
    this.#blobs = new BlobWriter(new TarWriter(name, context), context.tempDir);
    const names = () => [...new Set([...namesIn(committed.images), ...this.#names.all()])];
    this.capabilities = {
      tags: {
        async *tags() {
          if (names().length > 0) yield names();
        },
      },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const digest = ref === undefined ? this.#only() : this.#names.digestOf(ref);
    const pushed = digest === undefined ? undefined : this.#pushed.get(digest);
    if (pushed !== undefined) return pushed.descriptor;
    const { reader } = this.#committed;
    if (digest !== undefined && reader !== undefined) return reader.resolve(digest, options);
    const isNamed = ref !== undefined && !isDigest(ref);
    const name = isNamed ? (this.#names.inFull(ref) ?? ref) : ref;
    if (reader !== undefined) return reader.resolve(name, options);
    throw new AppError('MANIFEST_UNKNOWN', `${this.label} has no image "${ref ?? 'latest'}"`);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    const { digest, mediaType } = descriptor;
    if (isManifestType(mediaType) && this.#pushed.has(digest)) return true;
    if (this.#blobs.has(descriptor)) return true;
    return (await this.#committed.readerWith(descriptor, options)) !== undefined;
  }

  async fetch(
    descriptor: Descriptor,
    options?: CallOptions & { from?: number | undefined },
  ): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    const { digest, mediaType } = descriptor;
    const isManifest = isManifestType(mediaType);
    const pushed = isManifest ? this.#pushed.get(digest) : undefined;
    const { tar } = this.#blobs;
    const name = this.#blobs.nameOf(digest);
    if (pushed === undefined && !this.#blobs.isReadable(digest)) {
      const reader =
        (await this.#committed.readerWith(descriptor, options)) ?? this.#committed.reader;
      if (reader !== undefined) return reader.fetch(descriptor, options);
      const code = isManifest ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
      throw new AppError(code, `${this.label} does not have ${digest}`);
    }
    const bytes =
      pushed === undefined ? tar.read(name, options?.signal) : bytesOf(pushed.manifest.raw);
    return skipBytes(verified(bytes, descriptor, this.label), options?.from ?? 0);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const name = options?.tag === undefined ? undefined : this.#names.require(options.tag);
    const present = await this.has(descriptor, options);
    if (isManifestType(descriptor.mediaType)) {
      if (!this.#pushed.has(descriptor.digest)) await this.#pushManifest(source, options);
    } else if (!present) {
      const how = { ...options, reuseChunks: true };
      const bytes = await verifiedBytesOf(source, this.label, how);
      await this.#blobs.add(descriptor, bytes, options);
    }
    if (name !== undefined) this.#setName(name, descriptor.digest);
    return present ? 'present' : 'written';
  }

  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    const name = this.#names.require(tag);
    if (!(await this.has(descriptor, options)))
      throw new AppError('MANIFEST_UNKNOWN', `${this.label} does not have ${descriptor.digest}`);
    this.#setName(name, descriptor.digest);
  }

  async commit(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!this.#changed) return;
    const replace = (): Promise<void> => this.#replace(options);
    await (this.#adds ? withArchiveLock(this.#path, this.#context, replace, options) : replace());
  }

  /** Keeps also the images that other runs added since this one opened the file. */
  async #replace(options?: CallOptions): Promise<void> {
    if (this.#adds) await this.#committed.reread(options?.signal);
    const entries = await writeEntries(
      {
        committed: this.#committed,
        pushed: this.#pushed,
        names: this.#names,
        blobs: this.#blobs,
        fetch: (descriptor) => this.fetch(descriptor, options),
      },
      options,
    );
    const { tar } = this.#blobs;
    if (this.#withLayout) await addLayout(tar, this.written());
    await tar.addData('manifest.json', Buffer.from(printManifestJson(entries)));
    await tar.finish();
    this.#changed = false;
    if (this.#path === STDIO) return;
    this.#blobs = new BlobWriter(new TarWriter(this.#path, this.#context), this.#context.tempDir);
    await this.#committed.replaced(options?.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#blobs.tar[Symbol.asyncDispose]();
    await this.#committed[Symbol.asyncDispose]();
  }

  /** The images that this run pushed and that are kept, with their full names. */
  written(): readonly WrittenImage[] {
    return [...this.#pushed.values()]
      .filter(({ descriptor }) => this.#names.keeps(descriptor.digest))
      .map(({ descriptor, manifest }) => ({
        descriptor,
        manifest,
        names: this.#names.inFullOf(descriptor.digest),
        isVerbatim: !manifest.layers.some(({ digest }) => this.#blobs.isUnpacked(digest)),
      }));
  }

  /** The image, if it is the only one in a new archive. */
  #only(): Digest | undefined {
    const [only, second] = this.#pushed.keys();
    return this.#isNew && second === undefined ? only : undefined;
  }

  #setName(name: string, digest: Digest): void {
    this.#names.set(name, digest);
    this.#changed = true;
  }

  async #pushManifest(source: Source, options?: PushOptions): Promise<void> {
    const { descriptor } = source;
    checkManifestSize(descriptor, `${this.label}: ${descriptor.digest}`);
    const bytes = await verifiedBytesOf(source, this.label, options);
    const raw = await collect(bytes, MAX_MANIFEST_BYTES, () => new Error('verified before'));
    const manifest = requireImage(parseManifest(raw, descriptor.mediaType), this.label);
    await requireForeignLayers(manifest, this.label, (layer) => this.has(layer, options));
    this.#pushed.set(descriptor.digest, { descriptor, manifest });
    this.#changed = true;
  }
}

import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, IntegrityError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { hexOf, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { isManifestType, MEDIA_TYPE } from '../../oci/media-types.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { isTag } from '../../reference/names.ts';
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
import { sourceFromBytes } from '../../store/verify.ts';
import { abortable, type CallOptions } from '../../util/abort.ts';
import { collect, type Bytes } from '../../util/bytes.ts';
import type { Child } from '../../util/process/child.ts';
import { requireForeignLayers, requireImage } from '../docker-archive/check-image.ts';
import { verifiedBytesOf } from '../files/verified-source.ts';
import { openOciArchiveForWrite } from '../oci-archive/store.ts';
import { STDIO } from '../tar/open.ts';
import type { Location, OpenContext } from '../types.ts';
import { parseStorageName, storedName, type StorageName } from './name.ts';
import { findStorageProgram, noSuchImage, programError, type StorageProgram } from './program.ts';
import { tagsInStorage } from './tags.ts';

const LOAD: readonly string[] = ['load', '--quiet'];

/** @throws AppError UNSUPPORTED if neither podman nor Buildah is installed */
export async function openStorageForWrite(
  location: Location,
  context: OpenContext,
  _options?: CallOptions,
): Promise<WriteStore> {
  if (context.engines === undefined) throw new Error('this client reaches no engines');
  const image = parseStorageName(location.text.slice('containers-storage:'.length));
  const program = await findStorageProgram(context.engines, image.options);
  return new StorageWriter(location, image, context, program);
}

/** Writes one image: podman reads it from a pipe, Buildah from a temporary file. */
class StorageWriter implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = {
    maxParallelPushes: 1,
    manifestTypes: new Set([MEDIA_TYPE.ociManifest, MEDIA_TYPE.dockerManifest]),
  };
  readonly capabilities: Capabilities;
  readonly #image: StorageName;
  readonly #program: StorageProgram;
  readonly #file: string | undefined;
  readonly #opening: Promise<WriteStore>;
  #child: Child | undefined;
  /** The image that was pushed: its manifest and the ID that it will have. */
  #pushed: { readonly descriptor: Descriptor; readonly id: Digest } | undefined;
  readonly #names = new Set<string>();
  #isLoaded = false;

  constructor(
    location: Location,
    image: StorageName,
    context: OpenContext,
    program: StorageProgram,
  ) {
    this.label = `containers-storage:${location.name}`;
    this.#image = image;
    this.#program = program;
    this.#file =
      program.name === 'podman' ? undefined : join(context.tempDir, context.temporaries.name());
    const target = { name: this.#file ?? STDIO, ref: undefined };
    const stdout = (bytes: Uint8Array): Promise<void> => this.#send(bytes);
    this.#opening = openOciArchiveForWrite(target, { ...context, stdout });
    this.capabilities = {
      tags: {
        async *tags(options) {
          const tags = await tagsInStorage(program, image.repository, options);
          if (tags.length > 0) yield tags;
        },
      },
    };
  }

  /** Resolves a name in the storage; the digest is the ID of the image. */
  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const name = ref === undefined ? storedName(this.#image) : this.#fullName(ref);
    const id = await this.#idOf(name, options);
    if (id !== undefined) return { mediaType: MEDIA_TYPE.dockerManifest, digest: id, size: 0 };
    throw noSuchImage(this.#program.name, name);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return (await this.#opening).has(descriptor, options);
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    return (await this.#opening).fetch(descriptor, options);
  }

  async push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    const archive = await this.#opening;
    const { descriptor } = source;
    const { tag, ...others } = options ?? {};
    if (!isManifestType(descriptor.mediaType)) return archive.push(source, options);
    if (tag !== undefined) this.#names.add(this.#fullName(tag));
    if (this.#pushed?.descriptor.digest === descriptor.digest) return 'present';
    if (this.#pushed !== undefined) throw this.#onlyOne();
    const bytes = await verifiedBytesOf(source, this.label, others);
    const raw = await collect(bytes, MAX_MANIFEST_BYTES, () => new Error('verified before'));
    const manifest = requireImage(parseManifest(raw, descriptor.mediaType), this.label);
    await requireForeignLayers(manifest, this.label, (layer) => archive.has(layer, others));
    this.#pushed = { descriptor, id: manifest.config.digest };
    // The first name is loaded with the image, so that podman never stores it unnamed.
    const [first] = this.#names;
    const named = first === undefined ? others : { ...others, tag: first };
    return archive.push(sourceFromBytes(descriptor, raw), named);
  }

  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    const name = this.#fullName(tag);
    if (this.#pushed?.descriptor.digest === descriptor.digest) this.#names.add(name);
    else await this.#run(['tag', hexOf(descriptor.digest), name], options);
  }

  async commit(options?: CallOptions): Promise<void> {
    const pushed = this.#pushed;
    if (pushed === undefined || this.#isLoaded) return;
    await (await this.#opening).commit(options);
    await (this.#file === undefined ? this.#finishLoad(options) : this.#pullFile(options));
    this.#isLoaded = true;
    for (const name of this.#names) {
      await this.#run(['tag', hexOf(pushed.id), name], options);
      const id = await this.#idOf(name, options);
      if (id !== pushed.id) throw otherImage(name, pushed.id, String(id));
    }
    if ((await this.#idOf(hexOf(pushed.id), options)) !== pushed.id)
      throw new AppError('ENGINE_ERROR', `${this.label} does not have the image that was loaded`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
    await (await this.#opening.catch(() => undefined))?.[Symbol.asyncDispose]();
    if (this.#file !== undefined) await rm(this.#file, { force: true });
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#child ??= this.#program.start(LOAD);
    const { stdin, finished } = this.#child;
    // The stream keeps them.
    if (stdin.writable && stdin.write(Buffer.from(bytes))) return;
    const room = once(stdin, 'drain').catch(() => undefined);
    const ended = await Promise.race([room, finished]);
    if (ended === undefined || 'status' in ended || !stdin.writable) {
      const { status, stderr } = await finished;
      throw programError(this.#program.name, LOAD, status, stderr);
    }
  }

  async #finishLoad(options?: CallOptions): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error('nothing was sent');
    child.stdout.resume();
    child.stdin.end();
    const { status, stderr } = await abortable(child.finished, options?.signal);
    if (status !== 0) throw programError(this.#program.name, LOAD, status, stderr);
  }

  /** Buildah cannot read an archive from a pipe. */
  async #pullFile(options?: CallOptions): Promise<void> {
    await this.#run(['pull', '--quiet', `oci-archive:${this.#file ?? ''}`], options);
  }

  async #run(args: readonly string[], options?: CallOptions): Promise<void> {
    const done = await this.#program.ask(args, options);
    if (done === undefined)
      throw programError(this.#program.name, args, undefined, 'image not known');
  }

  async #idOf(name: string, options?: CallOptions): Promise<Digest | undefined> {
    const args =
      this.#program.name === 'podman'
        ? ['image', 'inspect', '--format', '{{.Id}}', name]
        : ['inspect', '--type', 'image', '--format', '{{.FromImageID}}', name];
    const id = await this.#program.ask(args, options);
    return id === undefined ? undefined : (`sha256:${id.replace(/^sha256:/u, '')}` as Digest);
  }

  #fullName(tag: string): string {
    if (isTag(tag)) return `${this.#image.repository ?? ''}:${tag}`;
    const named = parseStorageName(tag);
    return `${named.repository ?? ''}:${named.tag ?? DEFAULT_TAG}`;
  }

  #onlyOne(): AppError {
    return new AppError('UNSUPPORTED', `${this.label} takes one image at a time`, {
      hint: 'Copy the images one by one: regctl copy REPOSITORY:TAG containers-storage:NAME:TAG',
    });
  }
}

function otherImage(name: string, expected: string, actual: string): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `the storage has another image as "${name}" than the one that was sent`,
    { expected, actual },
    { hint: 'Run the command again: another program may have changed the name at the same time.' },
  );
}

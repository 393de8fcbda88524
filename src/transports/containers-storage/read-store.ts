import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import type {
  Capabilities,
  OpenOptions,
  ReadStore,
  ResolveOptions,
  Source,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { createDockerArchiveReader } from '../docker-archive/open.ts';
import { createLayoutReader } from '../oci-archive/store.ts';
import { TarStream } from '../tar/stream.ts';
import type { Location, OpenContext } from '../types.ts';
import { parseStorageName, soughtName, storedName, type StorageName } from './name.ts';
import {
  findStorageProgram,
  isNoSuchImage,
  noSuchImage,
  programError,
  type StorageProgram,
} from './program.ts';
import { tagsInStorage } from './tags.ts';

/** @throws AppError UNSUPPORTED if neither podman nor Buildah is installed */
export async function openStorageForRead(
  location: Location,
  context: OpenContext,
  _options?: CallOptions,
): Promise<ReadStore> {
  if (context.engines === undefined) throw new Error('this client reaches no engines');
  const image = parseStorageName(location.text.slice('containers-storage:'.length));
  const program = await findStorageProgram(context.engines, image.options);
  return new StorageReader(location, image, context, program);
}

/**
 * Reads images from a storage, each as one stream: an OCI layout from podman, a Docker archive from
 * Buildah.
 */
class StorageReader implements ReadStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly #location: Location;
  readonly #image: StorageName;
  readonly #context: OpenContext;
  readonly #program: StorageProgram;
  #saved: ReadStore | undefined;

  constructor(
    location: Location,
    image: StorageName,
    context: OpenContext,
    program: StorageProgram,
  ) {
    this.label = `containers-storage:${location.name}`;
    this.#location = location;
    this.#image = image;
    this.#context = context;
    this.#program = program;
    const sources = (options?: CallOptions): AsyncIterable<Source> =>
      this.#open(options).capabilities.stream?.sources(options) ?? none();
    this.capabilities = {
      stream: { sources },
      tags: {
        async *tags(options) {
          const tags = await tagsInStorage(program, image.repository, options);
          if (tags.length > 0) yield tags;
        },
      },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const own = this.#image.id ?? this.#image.tag ?? DEFAULT_TAG;
    if (ref !== undefined && isDigest(ref)) return this.#open(options).resolve(ref, options);
    if (ref === undefined || ref === own) return this.#open(options).resolve(undefined, options);
    throw new AppError('UNSUPPORTED', `${this.label} is read as one image, ${own}`, {
      hint: `Name the other one: containers-storage:${this.#location.name}:${ref}`,
    });
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return this.#open(options).has(descriptor, options);
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    return this.#open(options).fetch(descriptor, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saved?.[Symbol.asyncDispose]();
  }

  #open(options?: CallOptions): ReadStore {
    this.#saved ??= this.#start(options);
    return this.#saved;
  }

  #start(options?: CallOptions): ReadStore {
    const again = async (): Promise<Bytes> => this.#output(options);
    const stream = new TarStream(this.label, this.#output(options), again);
    return this.#program.name === 'podman'
      ? createLayoutReader(this.label, this.#context, stream)
      : createDockerArchiveReader(this.label, stream, this.#context.tempDir);
  }

  /** The archive that the program prints; it is complete only if the program exits with 0. */
  async *#output(options?: CallOptions): Bytes {
    const name = soughtName(this.#image);
    const args =
      this.#program.name === 'podman'
        ? ['image', 'save', '--quiet', '--format', 'oci-archive', name]
        : ['push', '--quiet', name, `docker-archive:/dev/stdout:${archiveName(this.#image)}`];
    await using child =
      this.#program.name === 'podman'
        ? this.#program.start(args, options)
        : this.#program.startIntoPipe(args, options);
    child.stdin.end();
    yield* child.stdout;
    const { status, stderr } = await child.finished;
    options?.signal?.throwIfAborted();
    if (status === 0) return;
    if (isNoSuchImage(stderr)) throw noSuchImage(this.#program.name, name);
    throw programError(this.#program.name, args, status, stderr);
  }
}

function archiveName(image: StorageName): string {
  return image.repository === undefined
    ? 'localhost/image:latest'
    : storedName({ ...image, id: undefined });
}

async function* none(): AsyncGenerator<Source> {}

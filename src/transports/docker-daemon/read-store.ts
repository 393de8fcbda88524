import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
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
import {
  createDockerArchiveReader,
  openDockerTar,
  type LayerFacts,
} from '../docker-archive/open.ts';
import { fullName } from '../docker-archive/name.ts';
import { openLayoutTar } from '../oci-archive/store.ts';
import type { TarArchive } from '../tar/archive.ts';
import { TarStream } from '../tar/stream.ts';
import type { EngineContext, Location, OpenContext } from '../types.ts';
import { daemonError } from './dial.ts';
import { openEngine, refusal, textOf, type Engine } from './engine.ts';
import { imageFacts, isNoSuchImage, localTags } from './images.ts';
import { imageNameOf } from './name.ts';

/** @throws AppError CONFIG_INVALID; NETWORK at the first request to the daemon */
export async function openDaemonForRead(
  location: Location,
  context: OpenContext,
): Promise<ReadStore> {
  const { engines } = context;
  if (engines === undefined) throw new Error('this client reaches no engines');
  return new DaemonReader(location, { ...context, engines }, await openEngine(engines));
}

/** Reads images from a daemon, as one stream in the format of `docker save`. */
class DaemonReader implements ReadStore {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly #location: Location;
  readonly #context: OpenContext & { readonly engines: EngineContext };
  readonly #engine: Engine;
  /** The requested tags: all of them are read in one stream. */
  #listed: readonly string[] | undefined;
  #saved: Promise<ReadStore> | undefined;
  /** Such as "alpine@sha256:…": the digest that a copy will not have. */
  #pulledAs: string | undefined;

  constructor(
    location: Location,
    context: OpenContext & { readonly engines: EngineContext },
    engine: Engine,
  ) {
    this.label = `docker-daemon:${location.name}`;
    this.#location = location;
    this.#context = context;
    this.#engine = engine;
    const list = (options?: CallOptions): Promise<readonly string[]> => this.#list(options);
    const sources = (options?: CallOptions): AsyncIterable<Source> => this.#sources(options);
    this.capabilities = {
      tags: {
        async *tags(options) {
          const tags = await list(options);
          if (tags.length > 0) yield tags;
        },
      },
      stream: { sources },
    };
  }

  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const { name, ref: own } = this.#location;
    const saved = await this.#open(options);
    if (ref !== undefined && ref !== own && isDigest(ref)) return saved.resolve(ref, options);
    if (this.#many === undefined) {
      if (ref === undefined || ref === (own ?? DEFAULT_TAG))
        return saved.resolve(undefined, options);
      throw new AppError('UNSUPPORTED', `${this.#location.text} is read as one image`, {
        hint: `Name the other one: docker-daemon:${name}:${ref}`,
      });
    }
    const full = fullName(ref ?? DEFAULT_TAG, name);
    // podman's service adds this prefix to an image without a registry.
    for (const one of [full, `localhost/${name}:${ref ?? DEFAULT_TAG}`]) {
      try {
        return await saved.resolve(one, options);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'MANIFEST_UNKNOWN') throw error;
      }
    }
    throw this.#unknown(`${name}:${ref ?? DEFAULT_TAG}`);
  }

  async has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    return (await this.#open(options)).has(descriptor, options);
  }

  async fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    options?.signal?.throwIfAborted();
    return (await this.#open(options)).fetch(descriptor, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const saved = await this.#saved?.catch(() => undefined);
    await saved?.[Symbol.asyncDispose]();
    await this.#engine[Symbol.asyncDispose]();
  }

  /** The tags of the repository, if several images are read. */
  get #many(): readonly string[] | undefined {
    return this.#location.ref === undefined ? this.#listed : undefined;
  }

  async #list(options?: CallOptions): Promise<readonly string[]> {
    const tags = await localTags(this.#engine, this.#location.name, options);
    if (this.#saved === undefined) this.#listed = tags;
    return tags;
  }

  async *#sources(options?: CallOptions): AsyncIterable<Source> {
    const saved = await this.#open(options);
    if (this.#pulledAs !== undefined) {
      const name = imageNameOf(this.#location);
      this.#context.engines.note(`${name} was pulled as ${this.#pulledAs}`);
    }
    yield* saved.capabilities.stream?.sources(options) ?? [];
  }

  #open(options?: CallOptions): Promise<ReadStore> {
    this.#saved ??= this.#start(options);
    return this.#saved;
  }

  async #start(options?: CallOptions): Promise<ReadStore> {
    const many = this.#many;
    const { name } = this.#location;
    const path =
      many === undefined
        ? await this.#pathOfOne(options)
        : `/images/get?${many.map((tag) => `names=${encodeURIComponent(`${name}:${tag}`)}`).join('&')}`;
    const again = (): Promise<Bytes> => this.#get(path, options);
    const stream = new TarStream(this.label, await again(), again);
    return createDockerArchiveReader(this.label, stream, this.#context.tempDir, (archive, facts) =>
      this.#store(archive, facts),
    );
  }

  /** podman starts its response before it knows whether the image exists, so look it up first. */
  async #pathOfOne(options?: CallOptions): Promise<string> {
    const name = imageNameOf(this.#location);
    const facts = await imageFacts(this.#engine, name, options);
    if (facts === undefined) throw this.#unknown(name);
    const { repoDigests } = facts;
    const own = repoDigests.find((one) => one.startsWith(`${this.#location.name}@`));
    this.#pulledAs = own ?? repoDigests[0];
    return `/images/${name}/get`;
  }

  async #get(path: string, options?: CallOptions): Promise<Bytes> {
    const answer = await this.#engine.send({ method: 'GET', path, ...options });
    if (answer.status === 200) return this.#readable(answer.body, options);
    const text = await textOf(answer);
    if (answer.status === 404 || isNoSuchImage(text))
      throw this.#unknown(imageNameOf(this.#location));
    throw refusal(this.#engine.endpoint, 'to save the image', answer.status, text);
  }

  async *#readable(body: Bytes, options?: CallOptions): Bytes {
    try {
      yield* body;
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw daemonError(error, this.#engine.endpoint);
    }
  }

  /**
   * containerd's image store keeps the layers as the registry sent them, and the OCI layout in its
   * archive refers to those. Any other engine builds that layout from unpacked layers.
   */
  async #store(archive: TarArchive, facts: LayerFacts): Promise<ReadStore> {
    const isOriginal = [...facts.values()].every(({ compression }) => compression !== 'none');
    return isOriginal && facts.size > 0 && archive.find('index.json') !== undefined
      ? openLayoutTar(this.label, this.#context, archive)
      : openDockerTar(this.label, archive, facts);
  }

  #unknown(name: string): AppError {
    const repository = this.#location.name;
    return new AppError('MANIFEST_UNKNOWN', `the Docker daemon has no image "${name}"`, {
      hint: isDigest(repository)
        ? 'See what there is with: docker images'
        : `See what there is with: regctl tags docker-daemon:${repository}`,
    });
  }
}

import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
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
import { abortable, type CallOptions } from '../../util/abort.ts';
import { BytePipe } from '../../util/process/byte-pipe.ts';
import type { Bytes } from '../../util/bytes.ts';
import { fullName, shortName } from '../docker-archive/name.ts';
import {
  createDockerArchiveStream,
  type DockerArchiveWriter,
} from '../docker-archive/write-store.ts';
import { engineFailure } from '../engine-failure.ts';
import type { Location, OpenContext } from '../types.ts';
import { daemonError } from './dial.ts';
import { DISK_USAGE, openEngine, refusal, SEE_LOG, textOf, type Engine } from './engine.ts';
import { imageFacts, localTags, tagImage } from './images.ts';
import { parseLoadAnswer, type LoadAnswer } from './load-answer.ts';
import { requireLoaded } from './verify-load.ts';

/** @throws AppError CONFIG_INVALID; NETWORK at the first request to the daemon */
export async function openDaemonForWrite(
  location: Location,
  context: OpenContext,
): Promise<WriteStore> {
  if (context.engines === undefined) throw new Error('this client reaches no engines');
  return new DaemonWriter(location, context, await openEngine(context.engines));
}

/** Sends pushed images to the daemon as one archive, which it loads at `commit()`. */
class DaemonWriter implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits;
  readonly capabilities: Capabilities;
  readonly #location: Location;
  readonly #engine: Engine;
  readonly #archive: DockerArchiveWriter;
  readonly #pipe = new BytePipe();
  #answer: Promise<LoadAnswer> | undefined;
  #isEnded = false;

  constructor(location: Location, context: OpenContext, engine: Engine) {
    const { name, tag } = location;
    this.label = `docker-daemon:${name}`;
    this.#location = location;
    this.#engine = engine;
    // Images that have their own names need no name to complete them.
    const ref = name === '' || isDigest(name) ? undefined : `${name}:${tag ?? DEFAULT_TAG}`;
    const stdout = (bytes: Uint8Array): Promise<void> => this.#send(bytes);
    this.#archive = createDockerArchiveStream({ label: this.label, ref }, { ...context, stdout });
    this.traits = this.#archive.traits;
    this.capabilities =
      ref === undefined
        ? {}
        : {
            tags: {
              async *tags(options) {
                const tags = await localTags(engine, name, options);
                if (tags.length > 0) yield tags;
              },
            },
          };
  }

  /** Resolves a name at the daemon; the digest is the ID of the image. */
  async resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const name = this.#nameOf(ref);
    const facts = await imageFacts(this.#engine, name, options);
    if (facts?.id !== undefined)
      return { mediaType: MEDIA_TYPE.dockerManifest, digest: facts.id, size: 0 };
    throw new AppError('MANIFEST_UNKNOWN', `the Docker daemon has no image "${name}"`);
  }

  has(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return this.#archive.has(descriptor, options);
  }

  fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes> {
    return this.#archive.fetch(descriptor, options);
  }

  push(source: Source, options?: PushOptions): Promise<PushOutcome> {
    return this.#archive.push(source, options);
  }

  /** An image pushed in this run gets the name with its archive; any other image at once. */
  async tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    if (await this.#archive.has(descriptor, options))
      return this.#archive.tag(descriptor, tag, options);
    await tagImage(this.#engine, descriptor.digest, this.#nameOf(tag), options);
  }

  async commit(options?: CallOptions): Promise<void> {
    await this.#archive.commit(options);
    const answer = this.#answer;
    if (answer === undefined || this.#isEnded) return;
    this.#isEnded = true;
    this.#pipe.end();
    const said = await abortable(answer, options?.signal);
    if (said.error !== undefined) throw this.#failure(said);
    for (const image of this.#archive.written())
      await requireLoaded(this.#engine, image, said, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An interrupted request leaves an incomplete archive, which no daemon loads.
    if (!this.#isEnded) this.#pipe.fail(new Error('the archive was given up'));
    await this.#engine[Symbol.asyncDispose]();
    await this.#answer?.catch(() => undefined);
    await this.#archive[Symbol.asyncDispose]();
  }

  #nameOf(ref: string | undefined): string {
    if (ref !== undefined && isDigest(ref)) {
      return ref === this.#location.name ? ref : `${this.#location.name}@${ref}`;
    }
    const full = fullName(ref ?? DEFAULT_TAG, this.#location.name);
    if (full !== undefined) return shortName(full);
    throw new AppError('INVALID_REFERENCE', `"${sanitize(ref ?? '')}" is not an image name`, {
      hint: 'An image of the daemon has a repository and a tag: NAME:TAG.',
    });
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#answer ??= this.#post();
    // The pipe keeps them.
    await this.#pipe.write(Buffer.from(bytes));
  }

  #post(): Promise<LoadAnswer> {
    const answer = this.#load();
    answer.then(
      // An answer before the end of the archive means that the load failed.
      (said) => (this.#isEnded ? undefined : this.#pipe.fail(this.#failure(said))),
      (error: Error) => this.#pipe.fail(error),
    );
    return answer;
  }

  async #load(): Promise<LoadAnswer> {
    const { endpoint } = this.#engine;
    // An unreachable daemon is reported before a byte is read from the source.
    const answer = await this.#engine.send({
      method: 'POST',
      path: '/images/load?quiet=1',
      headers: { 'content-type': 'application/x-tar' },
      body: this.#pipe.read(),
    });
    let text: string;
    try {
      text = await textOf(answer);
    } catch (error) {
      throw daemonError(error, endpoint);
    }
    if (answer.status !== 200) throw refusal(endpoint, 'the archive', answer.status, text);
    return parseLoadAnswer(text);
  }

  #failure({ error }: LoadAnswer): AppError {
    const { address } = this.#engine.endpoint;
    return engineFailure({
      what: `the Docker daemon at ${address} did not load the image`,
      words: error ?? 'it answered before the archive was complete',
      usage: DISK_USAGE,
      hint: SEE_LOG,
    });
  }
}

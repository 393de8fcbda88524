import { AppError, IntegrityError, isContentMissing } from '../../errors/app-error.ts';
import type { ResponseHeaders } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, isDigest, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { parseRateLimit } from '../../registry/hub/pull-limit.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import type { FoundManifest, Repository } from '../../registry/types.ts';
import type {
  OpenOptions,
  Capabilities,
  PullAllowance,
  PushOptions,
  PushOutcome,
  ResolveOptions,
  Source,
  WriteStore,
  WriteTraits,
} from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import { bytesOf, collect, type Bytes } from '../../util/bytes.ts';
import { embeddedContent } from './embedded-data.ts';
import { removeManifest } from './remove.ts';
import { repairReferrers } from './repair-referrers.ts';
import { createReferrersTag, type ReferrersTag } from './referrers-tag.ts';
import { createManifestCache } from './manifest-cache.ts';

const TRAITS: WriteTraits = { maxParallelPushes: 16 };
const DEFAULT_TAG = 'latest';

/**
 * One repository of a registry as a store.
 * @example
 * import { createRegistryStore } from '@regctl/cli/transports';
 * import type { RegistryClient } from '@regctl/cli/registry';
 *
 * function openAlpine(client: RegistryClient) {
 *   const repository = { registry: 'docker.io', repository: 'library/alpine', access: 'pull' } as const;
 *   return createRegistryStore(client.repository(repository));
 * }
 */
export function createRegistryStore(repository: Repository): WriteStore {
  return new RegistryStore(repository);
}

class RegistryStore implements WriteStore {
  readonly label: string;
  readonly traits: WriteTraits = TRAITS;
  readonly capabilities: Capabilities;
  readonly #repository: Repository;
  readonly #referrersTag: ReferrersTag;
  readonly #manifests = createManifestCache();
  /** Digests that this run has seen in the repository, or pushed to it, with a manifest's type. */
  readonly #present = new Map<string, string | undefined>();
  /** One string for each type: a repository has thousands of manifests. */
  readonly #types = new Map<string, string>();
  /** Push times (RFC 3339) of the manifests whose response contained one. */
  readonly #pushed = new Map<Digest, string>();
  #allowance: PullAllowance | undefined;
  /** Blobs that were just found missing, so the push that follows need not check again. */
  readonly #absent = new Set<string>();

  constructor(repository: Repository) {
    this.#repository = repository;
    this.#referrersTag = createReferrersTag(repository);
    this.label = `${repository.registry}/${repository.name}`;
    this.capabilities = {
      tags: {
        tags: (options) => repository.tags(options),
        digests: (options) => repository.tagDigests(options),
      },
      referrers: {
        referrers: (digest, options) => repository.referrers(digest, options),
        repair: (subject, options) =>
          repairReferrers(repository, this.#referrersTag, subject, options),
      },
      inventory: { manifests: (options) => repository.manifests(options) },
      times: { pushed: (digest) => this.#pushed.get(digest) },
      pullAllowance: { last: () => this.#allowance },
      sizes: {
        blob: async (digest, options) => (await repository.hasBlob(digest, options))?.size,
      },
      ranges: {
        read: (descriptor, part, options) => repository.getBlobRange(descriptor, part, options),
      },
      remove: {
        removeManifest: async (digest, options) => {
          const mediaType = this.#present.get(digest);
          try {
            await removeManifest(repository, this.#referrersTag, digest, { ...options, mediaType });
          } finally {
            this.#present.delete(digest);
          }
        },
        untag: (tag, options) => repository.deleteTag(tag, options),
      },
    };
  }

  async resolve(ref: string | undefined, options: ResolveOptions = {}): Promise<Descriptor> {
    const name = ref ?? DEFAULT_TAG;
    const found = await this.#find(name, options);
    if (found === undefined) throw this.#unknown(name);
    const { descriptor, raw } = found;
    this.#noteHeaders(descriptor.digest, found.headers);
    if (raw !== undefined) this.#manifests.keep(descriptor, raw);
    return this.#seen(descriptor);
  }

  async has(descriptor: Descriptor, options: CallOptions = {}): Promise<boolean> {
    const { digest, mediaType } = descriptor;
    if (this.#present.has(digest)) return true;
    const manifest = isManifestType(mediaType);
    const found = manifest
      ? await this.#repository.headManifest(digest, options)
      : await this.#repository.hasBlob(digest, options);
    if (found !== undefined) this.#seen(descriptor);
    else if (!manifest) this.#absent.add(digest);
    return found !== undefined;
  }

  async fetch(descriptor: Descriptor, options: OpenOptions = {}): Promise<Bytes> {
    const kept = this.#manifests.get(descriptor) ?? embeddedContent(descriptor);
    if (kept !== undefined) return bytesOf(kept, options.from);
    if (!isManifestType(descriptor.mediaType)) return this.#repository.getBlob(descriptor, options);
    return bytesOf(await this.#readManifest(descriptor, options), options.from);
  }

  async push(source: Source, options: PushOptions = {}): Promise<PushOutcome> {
    return isManifestType(source.descriptor.mediaType)
      ? this.#pushManifest(source, options)
      : this.#pushBlob(source, options);
  }

  async tag(descriptor: Descriptor, tag: string, options: CallOptions = {}): Promise<void> {
    const raw = this.#manifests.get(descriptor) ?? (await this.#readManifest(descriptor, options));
    await this.#repository.putManifest(tag, raw, descriptor.mediaType, options);
  }

  async commit(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #pushManifest(source: Source, options: PushOptions): Promise<PushOutcome> {
    const { descriptor } = source;
    const { digest, size } = descriptor;
    if (options.tag === undefined && this.#present.has(digest)) return 'present';
    const raw = await this.#collect(source, options);
    const subjectHandled = await this.#putManifest(descriptor, raw, options);
    if (!subjectHandled) await this.#referrersTag.add(descriptor, raw, options);
    options.onBytes?.(size);
    this.#manifests.keep(descriptor, raw);
    this.#seen(descriptor);
    return 'written';
  }

  async #putManifest(
    { digest, mediaType }: Descriptor,
    raw: Uint8Array,
    options: PushOptions,
  ): Promise<boolean> {
    const refs = [
      // Pushed by tag only, the registry would identify the manifest by its sha256.
      ...(options.tag === undefined || algorithmOf(digest) !== 'sha256' ? [digest] : []),
      ...(options.tag === undefined ? [] : [options.tag]),
    ];
    let handled = true;
    try {
      for (const ref of refs) {
        const done = await this.#repository.putManifest(ref, raw, mediaType, options);
        handled &&= done.subjectHandled;
      }
    } catch (error) {
      if (isContentMissing(error)) this.#forget();
      throw error;
    }
    return handled;
  }

  /**
   * Only Docker Hub counts a GET as a pull but not a HEAD, so it waits until the purpose is known.
   */
  #find(
    name: string,
    { purpose, trustAbsence, signal }: ResolveOptions,
  ): Promise<FoundManifest | undefined> {
    const repository = this.#repository;
    const options = { signal, confirmAbsence: trustAbsence !== true };
    if (purpose instanceof Promise && repository.registry === DOCKER_HUB) {
      return repository.findManifest(name, purpose, options);
    }
    return purpose instanceof Promise || purpose === 'content'
      ? repository.getManifest(name, options)
      : repository.headManifest(name, options);
  }

  /** Forgets the digests that were assumed present: the next visit checks again. */
  #forget(): void {
    this.#present.clear();
    this.#absent.clear();
  }

  #unknown(ref: string): AppError {
    const name = `${this.label}${isDigest(ref) ? '@' : ':'}${ref}`;
    return new AppError('MANIFEST_UNKNOWN', `${name} does not exist`, {
      why: ['HTTP 404'],
      hint: `Check the name. List the tags: regctl tags ${this.label}`,
    });
  }

  async #pushBlob(source: Source, options: PushOptions): Promise<PushOutcome> {
    const { digest } = source.descriptor;
    if (this.#present.has(digest)) return 'present';
    const probe = !this.#absent.delete(digest);
    const outcome = await this.#repository.putBlob(source, { ...options, probe });
    this.#seen(source.descriptor);
    return outcome;
  }

  async #collect(source: Source, options: CallOptions): Promise<Uint8Array> {
    const { descriptor } = source;
    const bytes = verified(await source.open(options), descriptor, this.label);
    return collect(
      bytes,
      MAX_MANIFEST_BYTES,
      () =>
        new AppError(
          'INVALID_MANIFEST',
          `manifest ${descriptor.digest} of ${this.label} is larger than ${MAX_MANIFEST_BYTES} bytes`,
        ),
    );
  }

  async #readManifest(descriptor: Descriptor, options: CallOptions): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    const { raw, headers } = await this.#repository.getManifest(digest, options);
    this.#noteHeaders(digest, headers);
    if (raw.byteLength !== size) {
      throw new IntegrityError(
        'SIZE_MISMATCH',
        `${this.label}@${digest} has ${raw.byteLength} bytes, its descriptor says ${size}`,
        { expected: String(size), actual: String(raw.byteLength) },
      );
    }
    this.#manifests.keep(descriptor, raw);
    return raw;
  }

  /**
   * Records the pull limit, and when the registry last changed the manifest (Last-Modified, RFC
   * 9110 section 8.8.2).
   */
  #noteHeaders(digest: Digest, headers: ResponseHeaders): void {
    this.#allowance = parseRateLimit(headers) ?? this.#allowance;
    const time = Date.parse(headers.get('last-modified') ?? '');
    if (!Number.isNaN(time)) this.#pushed.set(digest, new Date(time).toISOString());
  }

  #seen(descriptor: Descriptor): Descriptor {
    const { digest, mediaType } = descriptor;
    if (!isDigest(digest)) return descriptor;
    if (!isManifestType(mediaType)) {
      this.#present.set(digest, undefined);
      return descriptor;
    }
    const type = this.#types.get(mediaType) ?? mediaType;
    this.#types.set(mediaType, type);
    this.#present.set(digest, type);
    return descriptor;
  }
}

import type { Socket } from 'node:net';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { getBlob } from '../api/blobs.ts';
import { jsonReply, validDigest, type Call, type Handler, type Reply } from '../api/call.ts';
import { nextPageLink, pageSize } from '../api/lists.ts';
import { getManifest } from '../api/manifests.ts';
import { listReferrers } from '../api/referrers.ts';
import type { Effect } from '../api/routes.ts';
import { isTag } from '../names.ts';
import { ProtocolError } from '../protocol-error.ts';
import { DamagedContentError } from '../storage/damage.ts';
import { ProxyBlobs } from './blobs.ts';
import { evict } from './evict.ts';
import { failureOf, isMissing, isRefused } from './failures.ts';
import { ProxyManifests, type Freshness } from './manifests.ts';
import { blobReply, countedBytes, released } from './replies.ts';
import { chooseTarget, type Target } from './target.ts';
import type { ContentType, ProxyOptions } from './types.ts';

/** Endpoints by the name of their route, for `RegistryOptions.endpoints`. */
export type Endpoints = (route: string, effect: Effect) => Handler | undefined;

/** Answers for the upstreams from a cache that it fills as clients ask. */
export function createProxy(options: ProxyOptions): Endpoints {
  const proxy = new Proxy(options);
  const handlers: Readonly<Record<string, Handler>> = {
    manifest: (call) => proxy.manifest(call),
    blob: (call) => proxy.blob(call),
    tags: (call) => proxy.tags(call),
    referrers: (call) => proxy.referrers(call),
    catalog: refusal('the catalog of an upstream is not listed'),
    inventory: refusal('the manifests of an upstream are not listed'),
  };
  const readOnly = refusal(
    'this registry is a pull-through cache: push and delete at the upstream',
  );
  return (route, effect) => (effect === 'read' ? handlers[route] : readOnly);
}

function refusal(message: string): Handler {
  return async () => {
    throw new ProtocolError('UNSUPPORTED', message);
  };
}

class Proxy {
  readonly #options: ProxyOptions;
  readonly #manifests: ProxyManifests;
  readonly #blobs: ProxyBlobs;
  readonly #inUse = new Map<Digest, number>();
  #evicting: Promise<void> | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#manifests = new ProxyManifests(options);
    const onStored = (): void => this.#evict();
    this.#blobs = new ProxyBlobs({ ...options, manifests: this.#manifests, onStored });
  }

  async manifest(call: Call): Promise<Reply> {
    try {
      return await this.#manifest(call);
    } catch (error) {
      if (!(error instanceof DamagedContentError)) throw error;
      // The upstream has it intact.
      await this.#options.storage.manifests.remove(this.#target(call).cache, error.digest);
      return this.#manifest(call);
    }
  }

  async #manifest(call: Call): Promise<Reply> {
    const target = this.#target(call);
    const reference = call.params['reference'] ?? '';
    let freshness: Freshness = { failure: undefined };
    if (reference.includes(':')) await this.#manifests.ensureDigest(target, validDigest(reference));
    else if (isTag(reference)) freshness = await this.#manifests.ensureTag(target, reference);
    const { manifests } = this.#options.storage;
    const reply = await getManifest(this.#cached(call, target));
    const digest = reply.headers?.['Docker-Content-Digest'];
    // Marks the image as used.
    if (call.request.method === 'GET') await manifests.renew(target.cache, digest as Digest);
    return this.#sent(call, 'manifest', reply, freshness);
  }

  async blob(call: Call): Promise<Reply> {
    const target = this.#target(call);
    const digest = validDigest(call.params['digest'] ?? '');
    const isPart = call.request.headers.range !== undefined;
    if (call.request.method === 'HEAD')
      return this.#sent(call, 'blob', await this.#head(call, target, digest));
    const release = this.#use(digest, call.request.socket);
    try {
      const download = await this.#blobs.download(target, digest);
      if (download === undefined || isPart) {
        await download?.stored;
        return this.#sent(
          call,
          'blob',
          released(await getBlob(this.#cached(call, target)), release),
        );
      }
      const { size } = download;
      const reply = blobReply(digest, size, download.read({ first: 0, last: size - 1 }));
      return this.#sent(call, 'blob', released(reply, release));
    } catch (error) {
      release();
      throw error;
    }
  }

  async #head(call: Call, target: Target, digest: Digest): Promise<Reply> {
    const isCached = (await this.#options.storage.blobs.size(target.cache, digest)) !== undefined;
    if (isCached) return getBlob(this.#cached(call, target));
    return blobReply(digest, await this.#blobs.size(target, digest));
  }

  async tags(call: Call): Promise<Reply> {
    const target = this.#target(call);
    const limit = pageSize(call.query);
    const last = call.query.get('last') ?? undefined;
    const { signal, now } = this.#options;
    const tags: string[] = [];
    try {
      const { capabilities } = await target.open();
      for await (const page of capabilities.tags?.tags({ last, signal }) ?? []) {
        tags.push(...page);
        if (tags.length > limit) break;
      }
    } catch (error) {
      throw failureOf(error, 'manifest', now());
    }
    const shown = tags.slice(0, limit);
    const end = shown.at(-1);
    const query = { n: String(limit), last: end ?? '' };
    const isMore = tags.length > limit && end !== undefined;
    const name = call.params['name'] ?? target.repository;
    const link = isMore ? nextPageLink(`/v2/${name}/tags/list`, query) : {};
    return this.#headed(call, jsonReply({ name, tags: shown }, link));
  }

  async referrers(call: Call): Promise<Reply> {
    const target = this.#target(call);
    const subject = validDigest(call.params['digest'] ?? '');
    const artifactType = call.query.get('artifactType') ?? undefined;
    const { signal, now, events } = this.#options;
    try {
      const manifests: Descriptor[] = [];
      const { capabilities } = await target.open();
      const found = capabilities.referrers?.referrers(subject, { artifactType, signal });
      for await (const one of found ?? []) manifests.push(one);
      const headers = {
        'Content-Type': MEDIA_TYPE.ociIndex,
        ...(artifactType !== undefined && { 'OCI-Filters-Applied': 'artifactType' }),
      };
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
      return this.#headed(call, jsonReply(index, headers));
    } catch (error) {
      if (isMissing(error) || isRefused(error)) throw failureOf(error, 'manifest', now());
      const failure = error instanceof Error ? error.message : String(error);
      events.onStale(failure);
      return this.#headed(call, await listReferrers(this.#cached(call, target)), { failure });
    }
  }

  #target(call: Call): Target {
    const { upstreams } = this.#options;
    return chooseTarget(upstreams, call.params['name'] ?? '', call.query.get('ns'));
  }

  #cached(call: Call, { cache }: Target): Call {
    return { ...call, storage: this.#options.storage, params: { ...call.params, name: cache } };
  }

  #sent(call: Call, type: ContentType, reply: Reply, freshness?: Freshness): Reply {
    const { events } = this.#options;
    const { body } = reply;
    const onServed = (bytes: number): void => events.onServed(type, bytes);
    const isSent = body !== undefined && call.request.method === 'GET';
    if (isSent && body instanceof Uint8Array) onServed(body.byteLength);
    const counted =
      isSent && !(body instanceof Uint8Array) ? { body: countedBytes(body, onServed) } : {};
    return this.#headed(call, { ...reply, ...counted }, freshness);
  }

  /** Echoes `ns` (distribution-spec "Registry Proxying"), and says what is stale (RFC 7234 5.5.1). */
  #headed(call: Call, reply: Reply, freshness?: Freshness): Reply {
    const namespace = call.query.get('ns');
    return {
      ...reply,
      headers: {
        ...reply.headers,
        ...(namespace !== null && { 'OCI-Namespace': namespace }),
        ...(freshness?.failure !== undefined && { Warning: '110 - "Response is Stale"' }),
      },
    };
  }

  /** Until the returned function is called, or the client leaves, the blob is not removed. */
  #use(digest: Digest, socket: Socket): () => void {
    this.#inUse.set(digest, (this.#inUse.get(digest) ?? 0) + 1);
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      socket.off('close', release);
      const left = (this.#inUse.get(digest) ?? 1) - 1;
      if (left === 0) this.#inUse.delete(digest);
      else this.#inUse.set(digest, left);
    };
    socket.once('close', release);
    return release;
  }

  #evict(): void {
    const { storage, maxBytes } = this.#options;
    if (maxBytes === undefined || this.#evicting !== undefined) return;
    const inUse = (): ReadonlySet<Digest> => new Set(this.#inUse.keys());
    this.#evicting = evict(storage, { maxBytes, inUse }).then(
      () => undefined,
      // The next blob tries again.
      () => undefined,
    );
    void this.#evicting.finally(() => (this.#evicting = undefined));
  }
}

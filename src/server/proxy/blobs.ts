import type { Digest } from '../../oci/digest.ts';
import { AppError } from '../../errors/app-error.ts';
import { ProtocolError } from '../protocol-error.ts';
import { Download } from './download.ts';
import { failureOf } from './failures.ts';
import type { ProxyManifests } from './manifests.ts';
import type { Target } from './target.ts';
import type { ProxyOptions } from './types.ts';

export interface ProxyBlobsOptions extends ProxyOptions {
  readonly manifests: ProxyManifests;
  /** Called when a blob was added to the cache. */
  readonly onStored: () => void;
}

/** The blobs of the upstreams: one download however many clients ask. */
export class ProxyBlobs {
  readonly #options: ProxyBlobsOptions;
  readonly #downloads = new Map<string, Promise<Download>>();

  constructor(options: ProxyBlobsOptions) {
    this.#options = options;
  }

  /** In bytes; asks the upstream if neither the cache nor a manifest knows. @throws ProtocolError */
  async size(target: Target, digest: Digest): Promise<number> {
    const { storage, manifests, now, signal } = this.#options;
    const known = (await storage.blobs.size(target.cache, digest)) ?? manifests.sizeOf(digest);
    if (known !== undefined) return known;
    try {
      const { capabilities, label } = await target.open();
      const size = await capabilities.sizes?.blob(digest, { signal });
      if (size !== undefined) return size;
      throw new AppError('BLOB_UNKNOWN', `${label} does not have ${digest}`);
    } catch (error) {
      throw failureOf(error, 'blob', now());
    }
  }

  /**
   * The running download of a blob that is not cached, begun if there is none; `undefined` if it is
   * cached.
   * @throws ProtocolError
   */
  async download(target: Target, digest: Digest): Promise<Download | undefined> {
    const { storage, events, now } = this.#options;
    const key = `${target.cache}@${digest}`;
    const running = this.#downloads.get(key);
    if (running === undefined && (await storage.blobs.size(target.cache, digest)) !== undefined) {
      events.onLookup('blob', true);
      return undefined;
    }
    const download = this.#downloads.get(key) ?? this.#begin(target, digest, key);
    try {
      const one = await download;
      await one.started;
      return one;
    } catch (error) {
      throw error instanceof ProtocolError ? error : failureOf(error, 'blob', now());
    }
  }

  #begin(target: Target, digest: Digest, key: string): Promise<Download> {
    const { events, onStored } = this.#options;
    events.onLookup('blob', false);
    const download = this.#create(target, digest);
    this.#downloads.set(key, download);
    const ended = download.then((one) => one.stored);
    ended.then(onStored, () => undefined).finally(() => this.#downloads.delete(key));
    return download;
  }

  async #create(target: Target, digest: Digest): Promise<Download> {
    const { storage, events, signal } = this.#options;
    return new Download({
      storage,
      cache: target.cache,
      digest,
      size: await this.size(target, digest),
      store: await target.open(),
      signal,
      onBytes: (count) => events.onPulled('blob', count),
    });
  }
}

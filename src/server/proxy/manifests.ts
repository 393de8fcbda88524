import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { childrenOf, MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { isManifestType, MEDIA_TYPE } from '../../oci/media-types.ts';
import type { ReadStore } from '../../store/types.ts';
import { collect } from '../../util/bytes.ts';
import { createSingleFlight } from '../../util/single-flight.ts';
import type { Tag } from '../names.ts';
import { failureOf, isMissing, isRefused } from './failures.ts';
import type { Target } from './target.ts';
import type { ProxyOptions } from './types.ts';

/** How long a slow upstream may keep waiting who could have cached content. */
const PATIENCE_MS = 10_000;
/** How long a failing upstream is left alone. */
const FAILED_MS = 10_000;
const MAX_SIZES = 200_000;

interface Check {
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** Why the upstream could not be asked; `undefined` if it was. */
  readonly failure: string | undefined;
}

export type Freshness = Pick<Check, 'failure'>;

/** The manifests of the upstreams, fetched once and kept. */
export class ProxyManifests {
  readonly #options: ProxyOptions;
  readonly #checks = new Map<string, Check>();
  readonly #sizes = new Map<Digest, number>();
  readonly #tags = createSingleFlight<Freshness>();
  readonly #digests = createSingleFlight<void>();

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** The size of a blob in bytes, if a manifest said it. */
  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  /**
   * Brings the manifest of a tag into the cache: a HEAD once its time is over, and a GET only if the
   * digest has changed. Cached content stays in use while the upstream fails.
   * @throws ProtocolError
   */
  async ensureTag(target: Target, tag: Tag): Promise<Freshness> {
    const key = `${target.cache}:${tag}`;
    const { storage, now } = this.#options;
    const known = await storage.manifests.resolve(target.cache, tag);
    const check = this.#checks.get(key);
    if (known !== undefined && check !== undefined && now() < check.until) {
      this.#options.events.onLookup('manifest', true);
      return check;
    }
    return this.#tags(key, () => this.#revalidate(target, tag, key, known));
  }

  /** Content of a digest does not change: the upstream is asked only for what is not there. */
  async ensureDigest(target: Target, digest: Digest): Promise<void> {
    if (await this.#options.storage.manifests.has(target.cache, digest)) {
      this.#options.events.onLookup('manifest', true);
      return;
    }
    await this.#digests(`${target.cache}@${digest}`, async () => {
      try {
        const store = await target.open();
        const { signal } = this.#options;
        const found = await store.resolve(digest, { purpose: 'content', signal });
        await this.#fetch(target, store, found, []);
      } catch (error) {
        throw failureOf(error, 'manifest', this.#options.now());
      }
    });
  }

  async #revalidate(
    target: Target,
    tag: Tag,
    key: string,
    known: Digest | undefined,
  ): Promise<Freshness> {
    const { storage, now, ttl, events } = this.#options;
    try {
      const failure = undefined;
      const isFetched = await this.#ask(target, tag, known);
      if (!isFetched) events.onLookup('manifest', true);
      this.#checks.set(key, { until: now() + ttl, failure });
      return { failure };
    } catch (error) {
      if (isMissing(error) && known !== undefined) await storage.manifests.untag(target.cache, tag);
      if (
        known === undefined ||
        isMissing(error) ||
        isRefused(error) ||
        this.#options.signal.aborted
      ) {
        throw failureOf(error, 'manifest', now());
      }
      const failure = error instanceof Error ? error.message : String(error);
      events.onLookup('manifest', true);
      events.onStale(failure);
      this.#checks.set(key, { until: now() + FAILED_MS, failure });
      return { failure };
    }
  }

  /** Whether the manifest had to be fetched. */
  async #ask(target: Target, tag: Tag, known: Digest | undefined): Promise<boolean> {
    const { storage, signal } = this.#options;
    const store = await target.open();
    const purpose = known === undefined ? 'content' : 'descriptor';
    const patience =
      known === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const found = await store.resolve(tag, { purpose, signal: patience });
    const stored = await storage.manifests.get(target.cache, found.digest);
    if (stored === undefined) {
      await this.#fetch(target, store, found, [tag]);
      return true;
    }
    if (found.digest !== known) {
      const subject = parseManifest(stored.raw, stored.mediaType).subject?.digest;
      await storage.manifests.put(target.cache, stored, { subject, tags: [tag] });
    }
    return false;
  }

  async #fetch(
    target: Target,
    store: ReadStore,
    found: Descriptor,
    tags: readonly Tag[],
  ): Promise<void> {
    const { storage, events, signal } = this.#options;
    const bytes = await store.fetch(found, { signal });
    const raw = await collect(
      bytes,
      MAX_MANIFEST_BYTES,
      () => new Error('the manifest is too large'),
    );
    const manifest = parseManifest(raw, found.mediaType);
    events.onLookup('manifest', false);
    events.onPulled('manifest', raw.byteLength);
    for (const { digest, size, mediaType } of childrenOf(manifest)) {
      if (!isManifestType(mediaType)) this.#sizes.set(digest, size);
    }
    const [oldest] = this.#sizes.keys();
    if (this.#sizes.size > MAX_SIZES && oldest !== undefined) this.#sizes.delete(oldest);
    const { digest } = found;
    const stored = { digest, mediaType: manifest.mediaType ?? MEDIA_TYPE.ociManifest, raw };
    await storage.manifests.put(target.cache, stored, { subject: manifest.subject?.digest, tags });
  }
}

import type { ReadStore } from '../../store/types.ts';
import type { Storage } from '../storage/types.ts';

/** A registry that the proxy answers for. */
export interface Upstream {
  /** Its host, "docker.io" for Docker Hub: clients send it as `ns`. */
  readonly namespace: string;
  /** What its names begin with if there is no `ns`; also taken as `ns`. */
  readonly prefix: string | undefined;
  /** Opens a repository with the proxy's own login. Sends nothing. */
  open(repository: string): Promise<ReadStore>;
}

export type ContentType = 'manifest' | 'blob';

export interface ProxyEvents {
  /** A hit sends no bytes of the content from the upstream. */
  onLookup(type: ContentType, isHit: boolean): void;
  onPulled(type: ContentType, bytes: number): void;
  onServed(type: ContentType, bytes: number): void;
  /** Cached content is served because the upstream fails. */
  onStale(reason: string): void;
}

export interface ProxyOptions {
  readonly storage: Storage;
  /** At least one; the first answers for names without a prefix. */
  readonly upstreams: readonly [Upstream, ...Upstream[]];
  /** How long a tag is served without asking the upstream, in milliseconds. */
  readonly ttl: number;
  /** Size of the cached blobs in bytes above which images are removed. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ends the downloads. */
  readonly signal: AbortSignal;
  readonly events: ProxyEvents;
}

import type { Dialer, DialRoute } from '../dial/dialer.ts';
import type { DialTarget } from '../dial/connect.ts';
import type { Exchange, Pool } from './types.ts';

export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** The same for a blob, and to the first byte of it. */
  readonly firstByteMs: number;
  /** Between two chunks of an answer; there is no limit on the whole. */
  readonly idleMs: number;
  /**
   * Bytes a second that a body must move over each `speedWindowMs` in which it is waited for, either way;
   * 0: any. A body with fewer bytes than that makes has to be there by then.
   */
  readonly minSpeed: number;
  readonly speedWindowMs: number;
  /** Bytes a second of the slowest link over which the end of an upload is given time to arrive. */
  readonly slowestLink: number;
}

/** 64 bytes a second are 4 KB in the minute: six transfers over a link of 2 KB/s have 20 KB each. */
export const DEFAULT_MIN_SPEED = 64;

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 30_000,
  headersMs: 60_000,
  firstByteMs: 5 * 60_000,
  idleMs: 60_000,
  minSpeed: DEFAULT_MIN_SPEED,
  speedWindowMs: 60_000,
  slowestLink: 512,
};

/**
 * `api`: undici, or Node's own client where few requests are to come. `large`: Node's, for bodies so
 * large that the cost of a byte counts.
 */
export type TransferClass = 'api' | 'large';

export interface ConnectionPools {
  /**
   * The connections to an origin; those of different policies, guards, proxies or lanes share
   * nothing. Their number has no bound here: whoever sends has one, and an upload that holds a
   * connection while its source waits for another would never end.
   */
  get(route: DialRoute, origin: URL, transferClass: TransferClass): Promise<Exchange>;
  close(): void;
}

/** `shortLived`: undici would not earn its start. */
export function createConnectionPools(dialer: Dialer, shortLived = false): ConnectionPools {
  const pools = new Map<string, Promise<Pool>>();
  let closed = false;

  const create = async (
    route: DialRoute,
    target: DialTarget,
    transferClass: TransferClass,
  ): Promise<Pool> => {
    const connect = dialer.dialFor(route, { large: transferClass === 'large' });
    const pool =
      transferClass === 'large' || shortLived
        ? (await import('./node.ts')).nodePool(connect, target)
        : await (await import('./undici.ts')).undiciPool(connect, target);
    if (closed) pool.destroy();
    return pool;
  };

  return {
    async get(route, { origin, protocol, hostname, host, port }, transferClass) {
      const { host: named, initiator, proxy, forward } = route;
      const way = [named, initiator?.origin ?? null, proxy?.label ?? null, forward];
      const key = JSON.stringify([transferClass, origin, ...way]);
      const pool =
        pools.get(key) ?? create(route, { protocol, hostname, host, port }, transferClass);
      pools.set(key, pool);
      return (await pool).exchange;
    },
    close() {
      closed = true;
      for (const pool of pools.values()) void pool.then((one) => one.destroy());
      pools.clear();
      dialer.close();
    },
  };
}

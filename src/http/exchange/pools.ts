import type { Connection, Dialer } from '../dial/dialer.ts';
import type { Target } from '../dial/connect.ts';
import type { Exchange, Pool } from './types.ts';

export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** Between two chunks of an answer; there is no limit on the whole. */
  readonly idleMs: number;
  /**
   * Bytes a second that a body must move over each `paceMs` in which it is waited for, either way;
   * 0: any. A body with fewer bytes than that makes has to be there by then.
   */
  readonly minSpeed: number;
  readonly paceMs: number;
  /** Bytes a second of the slowest link over which the end of an upload is given time to arrive. */
  readonly slowestLink: number;
}

/** 64 bytes a second are 4 KB in the minute: six transfers over a link of 2 KB/s have 20 KB each. */
export const DEFAULT_MIN_SPEED = 64;

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 30_000,
  headersMs: 60_000,
  idleMs: 60_000,
  minSpeed: DEFAULT_MIN_SPEED,
  paceMs: 60_000,
  slowestLink: 512,
};

/**
 * `api`: undici, or Node's own client where few requests are to come. `bulk`: Node's, for bodies so
 * large that the cost of a byte counts.
 */
export type Lane = 'api' | 'bulk';

export interface Agents {
  /**
   * The connections to an origin; those of different policies, guards, proxies or lanes share
   * nothing. Their number has no bound here: whoever sends has one, and an upload that holds a
   * connection while its source waits for another would never end.
   */
  get(connection: Connection, origin: URL, lane: Lane): Promise<Exchange>;
  close(): void;
}

/** `fewRequests`: undici would not earn its start. */
export function createAgents(dialer: Dialer, fewRequests = false): Agents {
  const pools = new Map<string, Promise<Pool>>();
  let closed = false;

  const create = async (connection: Connection, target: Target, lane: Lane): Promise<Pool> => {
    const connect = dialer.connector(connection, { bulk: lane === 'bulk' });
    const pool =
      lane === 'bulk' || fewRequests
        ? (await import('./node.ts')).nodePool(connect, target)
        : await (await import('./undici.ts')).undiciPool(connect, target);
    if (closed) pool.destroy();
    return pool;
  };

  return {
    async get(connection, { origin, protocol, hostname, host, port }, lane) {
      const { host: named, via, proxy, forward } = connection;
      const way = [named, via?.origin ?? null, proxy?.label ?? null, forward];
      const key = JSON.stringify([lane, origin, ...way]);
      const pool = pools.get(key) ?? create(connection, { protocol, hostname, host, port }, lane);
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

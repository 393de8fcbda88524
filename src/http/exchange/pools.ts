import type { Dialer, DialRoute } from '../dial/dialer.ts';
import type { DialTarget } from '../dial/connect.ts';
import type { Exchange, Pool, RetiringPool } from './types.ts';

/** Limits of connections and transfers, in milliseconds. */
export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** The same for a blob, and up to its first byte. */
  readonly firstByteMs: number;
  /** Between two chunks of an answer; the whole answer has no limit. */
  readonly idleMs: number;
  /**
   * Bytes per second that a body must move, in either direction, in each `speedWindowMs` of
   * waiting; 0: no limit. A smaller body must be complete by then.
   */
  readonly minSpeed: number;
  readonly speedWindowMs: number;
  /** Bytes per second of the slowest link for which the end of an upload gets extra time. */
  readonly slowestLink: number;
}

/** 64 bytes/s are 4 KB per minute: six transfers over a link of 2 KB/s move 20 KB each. */
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
 * `api`: Node's own client, and undici once there are many requests. `large`: for bodies so large
 * that the cost per byte matters; plain sockets read answers, Node's client sends bodies and uses
 * proxies.
 */
export type TransferClass = 'api' | 'large';

export interface ConnectionPools {
  /**
   * Returns the connections to an origin; different policies, guards, proxies or classes share
   * none. Their number is not limited here: senders have limits, and an upload that holds a
   * connection while its source waits for another one would deadlock.
   */
  get(route: DialRoute, origin: URL, transferClass: TransferClass): Promise<Exchange>;
  close(): void;
}

/** To one origin; after that many, undici earns its start (docs/performance.md). */
const FEW_REQUESTS = 1000;

/** `fewRequests`: how many to an origin are sent without undici. */
export function createConnectionPools(dialer: Dialer, fewRequests = FEW_REQUESTS): ConnectionPools {
  const pools = new Map<string, Promise<Pool>>();
  let closed = false;

  const create = async (
    route: DialRoute,
    target: DialTarget,
    transferClass: TransferClass,
  ): Promise<Pool> => {
    const connect = dialer.dialFor(route, { large: transferClass === 'large' });
    const nodeClient = async (): Promise<RetiringPool> =>
      (await import('./node.ts')).nodePool(connect, target);
    let pool: Pool;
    if (transferClass === 'api')
      pool = growingPool(await nodeClient(), fewRequests, async () =>
        (await import('./undici.ts')).undiciPool(connect, target),
      );
    else if (route.proxy === undefined)
      pool = (await import('./sockets.ts')).socketPool(connect, target, nodeClient);
    else pool = await nodeClient();
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

/** Sends a few requests through the one pool, and those that follow through the other. */
function growingPool(few: RetiringPool, fewRequests: number, load: () => Promise<Pool>): Pool {
  let requests = 0;
  let closed = false;
  let many: Promise<Pool> | undefined;
  const loadMany = async (): Promise<Pool> => {
    const pool = await load();
    if (closed) pool.destroy();
    // Else the two would hold twice as many connections as there are slots.
    few.retire();
    return pool;
  };
  return {
    async exchange(request) {
      requests += 1;
      if (requests <= fewRequests) return few.exchange(request);
      many ??= loadMany();
      return (await many).exchange(request);
    },
    destroy() {
      closed = true;
      few.destroy();
      void many?.then((pool) => pool.destroy());
    },
  };
}

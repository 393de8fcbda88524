import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import type { Connection, Connector, Dialer } from './dialer.ts';
import type { Target } from './connect.ts';

export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** Between two chunks of an answer; there is no limit on the whole. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 30_000, headersMs: 60_000, idleMs: 60_000 };

/** An unused connection is closed before most servers do, lest a request runs into its end. */
const UNUSED_MS = 4000;

export interface Agents {
  /** The pool for an origin; pools of different policies, guards or proxies share nothing. */
  get(connection: Connection, origin: URL): Agent;
  close(): void;
}

/** Node's HTTP client over the dialer's sockets; TLS is spoken below it. */
class OriginAgent extends Agent {
  readonly #connect: Connector;
  readonly #target: Target;

  constructor(connect: Connector, { protocol, hostname, host, port }: URL) {
    super({ keepAlive: true, timeout: UNUSED_MS });
    this.#connect = connect;
    this.#target = { protocol, hostname, host, port };
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): null {
    const connect = callbackify(() => this.#connect(this.#target));
    connect((error, socket) => callback?.(error ?? socket.errored, socket));
    return null;
  }
}

export function createAgents(dialer: Dialer): Agents {
  const agents = new Map<string, Agent>();
  return {
    get(connection, origin) {
      const { host, via, proxy, forward } = connection;
      const key = JSON.stringify([
        origin.origin,
        host,
        via?.origin ?? null,
        proxy?.label ?? null,
        forward,
      ]);
      const agent = agents.get(key) ?? new OriginAgent(dialer.connector(connection), origin);
      agents.set(key, agent);
      return agent;
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
      dialer.close();
    },
  };
}

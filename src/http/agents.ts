import type { Agent } from 'undici';
import type { Connection, Dialer } from './dialer.ts';

export interface Timeouts {
  /** TCP connection and TLS handshake, milliseconds. */
  readonly connectMs: number;
  /** From the last byte sent to the headers of the answer. */
  readonly headersMs: number;
  /** Between two chunks of an answer; there is no limit on the whole. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 30_000, headersMs: 60_000, idleMs: 60_000 };

export interface Agents {
  /** The pool for a connection; pools of different policies, guards or proxies share nothing. */
  get(connection: Connection): Promise<Agent>;
  close(): Promise<void>;
}

export function createAgents(dialer: Dialer, timeouts: Timeouts): Agents {
  const agents = new Map<string, Promise<Agent>>();

  const create = async (connection: Connection): Promise<Agent> => {
    const [{ Agent: UndiciAgent }, connect] = await Promise.all([
      import('undici'),
      dialer.connector(connection),
    ]);
    return new UndiciAgent({
      pipelining: 1,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      connect,
    });
  };

  return {
    get(connection) {
      const { host, via, proxy, forward } = connection;
      const key = JSON.stringify([host, via?.origin ?? null, proxy?.label ?? null, forward]);
      const agent = agents.get(key) ?? create(connection);
      agents.set(key, agent);
      return agent;
    },
    async close() {
      const open = [...agents.values()];
      agents.clear();
      dialer.close();
      await Promise.allSettled(open.map(async (agent) => (await agent).destroy()));
    },
  };
}

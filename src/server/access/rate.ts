import { ProtocolError } from '../protocol-error.ts';

/** Counts one request. @throws ProtocolError TOOMANYREQUESTS */
export type RateLimit = (client: string) => void;

/** Clients that are remembered; each takes about 100 bytes. */
const MAX_CLIENTS = 10_000;

/**
 * Allows each client so many requests a second, and as many at once as in ten seconds: a pull of
 * many layers comes in a burst. `now`: monotonic time in milliseconds.
 * @example
 * import { createMemoryStorage, createRateLimit, startRegistryServer } from '@regctl/cli/server';
 *
 * await using registry = await startRegistryServer({
 *   storage: createMemoryStorage(),
 *   rateLimit: createRateLimit(100),
 * });
 * console.log(registry.host);
 */
export function createRateLimit(
  perSecond: number,
  now: () => number = () => performance.now(),
): RateLimit {
  const burst = perSecond * 10;
  const clients = new Map<string, { tokens: number; at: number }>();
  return (client) => {
    const time = now();
    const { tokens = burst, at = time } = clients.get(client) ?? {};
    const left = Math.min(burst, tokens + ((time - at) / 1000) * perSecond) - 1;
    // The one that was heard of longest ago goes first.
    clients.delete(client);
    clients.set(client, { tokens: Math.max(left, -1), at: time });
    const [oldest] = clients.keys();
    if (clients.size > MAX_CLIENTS && oldest !== undefined) clients.delete(oldest);
    if (left >= 0) return;
    const seconds = Math.max(1, Math.ceil((1 - Math.max(left, -1)) / perSecond));
    throw new ProtocolError('TOOMANYREQUESTS', `more than ${perSecond} requests a second`, {
      headers: { 'Retry-After': String(seconds) },
    });
  };
}

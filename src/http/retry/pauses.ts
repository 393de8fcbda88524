import { knownRegistry, loginCommand } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import { DOCKER_HUB, isHubHost } from '../../reference/docker-hub.ts';

/**
 * Until when no request is sent to each host; shared by all requests of a client. Milliseconds
 * since the epoch.
 */
export interface HostPauses {
  /** 0 if it was never paused. */
  until(host: string): number;
  /** A pause is only extended, never shortened. */
  extend(host: string, until: number): void;
}

export function createPauses(): HostPauses {
  const pauses = new Map<string, number>();
  return {
    until: (host) => pauses.get(host) ?? 0,
    extend: (host, until) => void pauses.set(host, Math.max(pauses.get(host) ?? 0, until)),
  };
}

export interface RateLimitInfo {
  /** Milliseconds since the epoch, if the host said it. */
  readonly until?: number | undefined;
  /** The host's own words, made safe. */
  readonly message?: string | undefined;
  /** Tries made. */
  readonly attempts?: number | undefined;
}

/** The host limits requests for longer than regctl waits. */
export function rateLimitError(host: string, facts: RateLimitInfo): AppError {
  const { until, message, attempts } = facts;
  const when = until === undefined ? undefined : new Date(until).toISOString();
  const wait =
    when === undefined
      ? 'Send fewer requests at a time with --concurrency'
      : `Wait until ${when}, or let regctl wait with --retry-max-wait`;
  return new AppError('RATE_LIMITED', `${host} limits the rate of requests`, {
    why: [
      ...(message === undefined ? [] : [`the registry says "${message}"`]),
      ...attemptFacts(attempts),
    ],
    hint: `${wait}${loginForMore(host)}`,
    details: { host, ...(when === undefined ? {} : { retryAt: when }) },
  });
}

/** What raises the limit of a host, after the advice to wait; ends the hint. */
function loginForMore(host: string): string {
  const registry = isHubHost(host) ? DOCKER_HUB : host;
  const known = knownRegistry(registry);
  if (known !== undefined && known.login === undefined) return '.';
  const advice = known?.limitAdvice === undefined ? '' : ` ${known.limitAdvice}`;
  return `.${advice} For a higher limit, log in: ${loginCommand({ registry }, known)}`;
}

/** "6 tries", and nothing for a single one. */
export function attemptFacts(attempts: number | undefined): readonly string[] {
  return attempts === undefined || attempts < 2 ? [] : [`${attempts} tries`];
}

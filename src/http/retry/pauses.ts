import { knownRegistry, loginCommand } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import { DOCKER_HUB, isHubHost } from '../../reference/docker-hub.ts';

/** Until when each host is left alone: one for all requests of a client. Times are in ms since the epoch. */
export interface HostPauses {
  /** 0 when it never was paused. */
  until(host: string): number;
  /** A pause is only ever made longer. */
  extend(host: string, until: number): void;
}

export function createPauses(): HostPauses {
  const pauses = new Map<string, number>();
  return {
    until: (host) => pauses.get(host) ?? 0,
    extend: (host, until) => void pauses.set(host, Math.max(pauses.get(host) ?? 0, until)),
  };
}

export interface RateLimitFacts {
  /** Milliseconds since the epoch, where the host said it. */
  readonly until?: number | undefined;
  /** The host's own words, made safe. */
  readonly words?: string | undefined;
  /** Tries made. */
  readonly tries?: number | undefined;
}

/** The host has had enough of us for longer than is waited. */
export function rateLimited(host: string, facts: RateLimitFacts): AppError {
  const { until, words, tries } = facts;
  const when = until === undefined ? undefined : new Date(until).toISOString();
  const said = words === undefined ? '' : `: ${words}`;
  return new AppError(
    'RATE_LIMITED',
    `${host} limits the rate of requests${triedText(tries)}${said}`,
    {
      hint:
        when === undefined
          ? `Wait and try again${moreFor(host)}.`
          : `It accepts requests again at ${when}; wait for it with --retry-max-wait${moreFor(host)}.`,
      details: { host, ...(when === undefined ? {} : { retryAt: when }) },
    },
  );
}

/** What raises the limit of a host, behind the advice to wait. */
function moreFor(host: string): string {
  const registry = isHubHost(host) ? DOCKER_HUB : host;
  const known = knownRegistry(registry);
  if (known !== undefined && known.login === undefined) return '';
  const shown = known?.limit === undefined ? '' : `, ${known.limit}`;
  return `; signing in (${loginCommand({ registry }, known)}) often raises the limit${shown}`;
}

/** " (tried 6 times)", and nothing for a single try. */
export function triedText(tries: number | undefined): string {
  return tries === undefined || tries < 2 ? '' : ` (tried ${tries} times)`;
}

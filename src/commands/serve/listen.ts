import { hostWithoutPort, isHostPort, isLoopback } from '../../config/host-name.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallerRules } from '../../server/api/callers.ts';
import { readList, readText } from '../input/read.ts';
import type { Input } from '../types.ts';

const DEFAULT_LISTEN = '127.0.0.1:5000';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
}

/** Parses "127.0.0.1:5000", "[::1]:5000", ":5000" (all addresses), "5000". @throws AppError */
export function readListen(input: Input): ListenAddress {
  const text = readText(input, 'listen') ?? DEFAULT_LISTEN;
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]/\s]*):)?(\d{1,5})$/iu.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new AppError('USAGE', `--listen takes an address with a port, not "${text}"`, {
      hint: 'For example 127.0.0.1:5000, [::1]:5000 or :5000 for every address.',
    });
  }
  const named = match[1] === undefined ? '127.0.0.1' : match[1].replace(/^\[|\]$/gu, '');
  const host = named === '' ? '0.0.0.0' : named;
  return { host, port, isLocal: isLoopback(host) };
}

/**
 * The callers that a registry without logins refuses. If other machines can reach it and no
 * `--host-name` is given, accepts any host name.
 * @throws AppError USAGE
 */
export function callerRules(input: Input, { host, isLocal }: ListenAddress): CallerRules {
  const names = readList(input, 'hostName').map((name) => name.toLowerCase());
  const wrong = names.find((name) => !isHostPort(name));
  if (wrong !== undefined) {
    throw new AppError('USAGE', `--host-name takes a host name, not "${wrong}"`, {
      hint: 'For example registry.test or registry.test:5000.',
    });
  }
  const own = new Set([...names, host]);
  const isOpen = !isLocal && names.length === 0;
  return {
    refuseBrowsers: true,
    isOwnHost: (given) =>
      isOpen || isLoopback(given) || own.has(given) || own.has(hostWithoutPort(given)),
  };
}

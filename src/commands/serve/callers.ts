import { hostWithoutPort, isHostPort, isLoopback } from '../../config/host-name.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallerRules } from '../../server/access/callers.ts';
import type { ListenAddress } from '../input/listen.ts';
import { readList } from '../input/read.ts';
import type { Input } from '../types.ts';

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

import { AppError } from '../../errors/app-error.ts';
import { bareHost } from './class.ts';
import { isIP } from '../../util/text/ip-address.ts';

/**
 * Decides which hosts may be contacted, for programs that take image names from their users. Called
 * before each request with the host, with its port unless it is the default of the scheme, and
 * `address` undefined if the host is a name; then with each address that the name has, before one
 * of them is dialed. A proxy resolves names itself, so then only the name is known.
 */
export type AllowHost = (host: string, address: string | undefined) => boolean;

/** @throws AppError TARGET_FORBIDDEN */
export function requireAllowed(allowHost: AllowHost, { host, hostname }: URL): void {
  const name = bareHost(hostname);
  if (allowHost(host, isIP(name) === 0 ? undefined : name)) return;
  throw new AppError('TARGET_FORBIDDEN', `cannot connect to ${host}: allowHost refuses the host`);
}

import { lookup } from 'node:dns/promises';
import { hostWithoutPort } from '../host-name.ts';

/** Resolves every address of `host[:port]`; none on failure, which the connection reports. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(hostWithoutPort(host), { all: true });
    return found.map((one) => one.address);
  } catch {
    return [];
  }
}

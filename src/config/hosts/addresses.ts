import { lookup } from 'node:dns/promises';
import { hostWithoutPort } from '../host-name.ts';

/** Every address of `host[:port]`; none when it cannot be resolved, which its use will tell. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(hostWithoutPort(host), { all: true });
    return found.map((one) => one.address);
  } catch {
    return [];
  }
}

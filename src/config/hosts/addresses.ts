import { lookup } from 'node:dns/promises';
import { bareName } from '../host-name.ts';

/** Every address of `host[:port]`; none when it cannot be resolved, which its use will tell. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(bareName(host), { all: true });
    return found.map((one) => one.address);
  } catch {
    return [];
  }
}

import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { type AddressClass, bareHost, classifyAddress } from './class.ts';

/** Every address of a name. @throws Error with a resolver code (ENOTFOUND, EAI_AGAIN) */
export type LookupAll = (hostname: string) => Promise<readonly LookupAddress[]>;

/** @throws Error with a code of the resolver or of network-error.ts if an address is refused */
export type AddressGuard = (hostname: string, kind: AddressClass, address: string) => void;

export interface Resolver {
  /** A `lookup` for sockets; with a guard, one refused address rejects the whole name. */
  readonly lookup: (guard?: AddressGuard) => LookupFunction;
  /** The most public class of address seen for a name so far. */
  readonly knownClass: (hostname: string) => AddressClass | undefined;
  /** Every class of address seen for a name so far. */
  readonly knownClasses: (hostname: string) => ReadonlySet<AddressClass>;
}

/** Error codes of a refused address; `cause.message` of the resulting AppError says why. */
export const FORBIDDEN_ADDRESS = 'ERR_FORBIDDEN_ADDRESS';
export const DISALLOWED_ADDRESS = 'ERR_DISALLOWED_ADDRESS';

const OUTERMOST_FIRST: readonly AddressClass[] = ['public', 'private', 'loopback', 'special'];

const lookupAll: LookupAll = (hostname) => systemLookup(hostname, { all: true });

/**
 * Resolves names and remembers the class of each address. The socket dials the same addresses that
 * were checked, so a second answer of the name server changes nothing.
 */
export function createResolver(resolveAll: LookupAll = lookupAll): Resolver {
  const seen = new Map<string, Set<AddressClass>>();

  const resolve = async (
    hostname: string,
    guard: AddressGuard | undefined,
  ): Promise<readonly LookupAddress[]> => {
    const addresses = await resolveAll(hostname);
    const kinds = addresses.map(({ address }) => classifyAddress(address));
    addresses.forEach(({ address }, i) => guard?.(hostname, kinds[i] ?? 'special', address));
    seen.set(bareHost(hostname), new Set([...classesOf(hostname), ...kinds]));
    return addresses;
  };
  const classesOf = (hostname: string): ReadonlySet<AddressClass> =>
    seen.get(bareHost(hostname)) ?? new Set();

  return {
    knownClass(hostname) {
      const classes = classesOf(hostname);
      return OUTERMOST_FIRST.find((one) => classes.has(one));
    },
    knownClasses: classesOf,
    lookup: (guard) => (hostname, options, callback) => {
      void resolve(hostname, guard)
        .catch((error: unknown) => error as NodeJS.ErrnoException)
        .then((found) => answerLookup(hostname, found, options, callback));
    },
  };
}

function answerLookup(
  hostname: string,
  found: readonly LookupAddress[] | NodeJS.ErrnoException,
  options: Parameters<LookupFunction>[1],
  callback: Parameters<LookupFunction>[2],
): void {
  if (found instanceof Error) {
    callback(found, '', 0);
    return;
  }
  const wanted = found.filter(
    ({ family }) => (options.family ?? 0) === 0 || options.family === family,
  );
  const [first] = wanted;
  if (first === undefined) {
    const error = new Error(`no usable address for ${hostname}`);
    callback(Object.assign(error, { code: 'ENOTFOUND' }), '', 0);
  } else if (options.all === true) {
    callback(null, [...wanted]);
  } else {
    callback(null, first.address, first.family);
  }
}

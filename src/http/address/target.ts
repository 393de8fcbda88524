import { AppError } from '../../errors/app-error.ts';
import { type AddressClass, bareHost, classifyHost } from './class.ts';

/** The known address class of a name that was dialed; see `createResolver`. */
export type AddressClassLookup = (hostname: string) => AddressClass | undefined;

/** Which classes a host of each class may name. An unresolved name counts as public. */
const MAY_REACH: Readonly<Record<AddressClass, ReadonlySet<AddressClass>>> = {
  public: new Set(['public']),
  private: new Set(['public', 'private']),
  loopback: new Set(['public', 'private', 'loopback']),
  special: new Set(['public']),
};

export function sameHost(a: URL, b: URL): boolean {
  return bareHost(a.hostname) === bareHost(b.hostname);
}

/**
 * Checks every hop from one URL to another: redirect, realm, upload Location, Link, foreign layer.
 * Names are checked again by their addresses when they are dialed (resolver.ts).
 * @throws AppError TARGET_FORBIDDEN
 */
export function checkTarget(
  from: URL,
  to: URL,
  knownClass: AddressClassLookup = () => undefined,
): void {
  const rule = forbiddenReason(from, to, knownClass);
  if (rule === undefined) return;
  throw new AppError(
    'TARGET_FORBIDDEN',
    `${from.host} points at ${to.host || to.protocol}: ${rule}`,
    {
      hint: 'This can be an attack on your network; if you trust the registry, tell its operator.',
      details: { from: from.host, to: to.host },
    },
  );
}

function forbiddenReason(from: URL, to: URL, knownClass: AddressClassLookup): string | undefined {
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    return 'only http and https are followed';
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    return 'a step from https down to http is refused';
  }
  if (sameHost(from, to)) return undefined;
  const target = classifyHost(to.hostname);
  if (target === undefined) return undefined;
  const origin = classifyHost(from.hostname) ?? knownClass(from.hostname) ?? 'public';
  if (MAY_REACH[origin].has(target)) return undefined;
  return `a ${origin} host may not send regctl to ${CLASS_NAMES[target]}`;
}

const CLASS_NAMES: Readonly<Record<AddressClass, string>> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'this machine (a loopback address)',
  special: 'a link-local or reserved address',
};

/** Resolves a Location against the URL that answered, without a login; undefined if unusable. */
export function resolveLocation(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  const target = new URL(location, base);
  target.username = '';
  target.password = '';
  return target;
}

/**
 * Whether a host may name another of its own ports that is dialed at `address`: a class that its
 * name had before, or a more public one. A public host's name must not become this machine
 * (rebinding). If a proxy resolved the name, nothing is known, and it is allowed.
 */
export function mayStayOnHost(address: AddressClass, known: ReadonlySet<AddressClass>): boolean {
  if (known.size === 0) return true;
  if (known.has('public') && (address === 'loopback' || address === 'special')) return false;
  return known.has(address) || [...known].some((one) => MAY_REACH[one].has(address));
}

/** Whether `address` may be dialed for a request that `from` caused. */
export function mayReach(
  from: URL,
  address: AddressClass,
  knownClass: AddressClassLookup,
): boolean {
  const origin = classifyHost(from.hostname) ?? knownClass(from.hostname) ?? 'public';
  return MAY_REACH[origin].has(address);
}

import { createHmac, randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.ts';
import { createSharedLookup } from '../util/shared-lookup.ts';
import type { VerifyPassword } from './access/basic-auth.ts';
import { createBcryptThreads, type ComparePassword } from './bcrypt.ts';
import { createNewestFirst } from './newest-first.ts';

/** Cost at most 17: a higher one takes minutes for each comparison. */
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}$/u;

/** Cost of the comparison if the file has no users. */
const DEFAULT_COST = '10';

/** bcrypt is slow by design, and each comparison occupies one core. */
const AT_ONCE = { running: 2, waiting: 16 };

const REMEMBERED_MS = 60_000;

type Verifier = (...given: Parameters<VerifyPassword>) => Promise<boolean>;

export interface HtpasswdOptions {
  /** Monotonic time in milliseconds. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Default: compares in new worker threads. */
  readonly compare?: ComparePassword | undefined;
}

/**
 * Parses the usernames and bcrypt hashes of an htpasswd file; rejects other hashes, as
 * distribution does.
 * @throws AppError CONFIG_INVALID with the line
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const hash = line.slice(colon + 1);
    if (colon <= 0 || !BCRYPT.test(hash)) {
      throw new AppError(
        'CONFIG_INVALID',
        `htpasswd line ${index + 1}: expected USER:HASH with a bcrypt hash`,
        { hint: 'Make the entry with: htpasswd -nB USER' },
      );
    }
    users.set(line.slice(0, colon), hash);
  }
  return users;
}

/**
 * Verifies credentials against the users of an htpasswd file. Bounds the work: two comparisons run
 * and sixteen wait; the last correct password of each user is kept for a minute as a keyed hash.
 */
export function createHtpasswdVerifier(
  users: ReadonlyMap<string, string>,
  options: HtpasswdOptions = {},
): Verifier {
  const { now = () => performance.now(), compare = createBcryptThreads() } = options;
  const key = randomBytes(32);
  const verified = new Map<string, { readonly print: string; readonly until: number }>();
  const running = createSharedLookup<boolean>();
  const inTurn = createNewestFirst(AT_ONCE);
  const strangers = createStrangers(users, key);

  const check = async (
    username: string,
    password: string,
    print: string,
    signal: AbortSignal,
  ): Promise<boolean> => {
    try {
      const hash = users.get(username);
      const right = await inTurn(() => compare(password, hash ?? strangers(username)), signal);
      if (!right || hash === undefined) return false;
      verified.set(username, { print, until: now() + REMEMBERED_MS });
      return true;
    } finally {
      running.forget((one) => one === print);
    }
  };

  return async (username, password, signal) => {
    const print = createHmac('sha256', key).update(`${username}\0${password}`).digest('hex');
    const known = verified.get(username);
    if (known?.print === print && now() < known.until) return true;
    return running.get(print, (all) => check(username, password, print, all), { signal });
  };
}

/**
 * Returns a hash that no password matches for a name that the file lacks. Each name always gets the
 * cost of the same user, so that the time of the comparison does not reveal which names exist.
 */
function createStrangers(
  users: ReadonlyMap<string, string>,
  key: Uint8Array,
): (username: string) => string {
  const costs = [...users.values()].map((hash) => hash.slice(4, 6));
  return (username) => {
    const number = createHmac('sha256', key).update(username).digest().readUInt32BE();
    return `$2b$${costs[number % costs.length] ?? DEFAULT_COST}$${'.'.repeat(53)}`;
  };
}

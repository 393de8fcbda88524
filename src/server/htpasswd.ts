import { createHmac, randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.ts';
import { createSingleFlight } from '../util/single-flight.ts';
import type { VerifyPassword } from './api/basic-auth.ts';

/** Cost up to 17: higher ones would take the process minutes per guess. */
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}$/u;

/** Compared against when the user is unknown, so that the time taken does not tell. */
const NOBODY = `$2b$10$${'.'.repeat(53)}`;

/**
 * User names and bcrypt hashes of an htpasswd file; other hashes are refused, as Docker's registry does.
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
 * Verifies against the text of an htpasswd file. bcrypt is slow on purpose, so the last right
 * password of each user is remembered as a keyed hash. @throws AppError CONFIG_INVALID
 */
export function createHtpasswdVerifier(text: string): VerifyPassword {
  const users = parseHtpasswd(text);
  const key = randomBytes(32);
  const verified = new Map<string, string>();
  const once = createSingleFlight<boolean>();
  return async (username, password) => {
    const print = createHmac('sha256', key).update(`${username}\0${password}`).digest('hex');
    if (verified.get(username) === print) return true;
    const right = await once(print, () => compare(password, users.get(username)));
    if (right) verified.set(username, print);
    return right;
  };
}

async function compare(password: string, hash: string | undefined): Promise<boolean> {
  const bcrypt = await import('bcryptjs');
  const right = await bcrypt.compare(password, hash ?? NOBODY);
  return right && hash !== undefined;
}

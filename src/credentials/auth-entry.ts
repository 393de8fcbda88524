import { AppError } from '../errors/app-error.ts';
import type { AuthFileFormat } from '../config/containers/auth-files.ts';
import type { AuthEntry } from '../config/docker/config-json.ts';
import { candidateKeys, isWholeRegistry, keyMatchesRegistry } from './keys.ts';
import type { Credential } from './types.ts';

export interface AuthFileEntry {
  readonly key: string;
  readonly entry: AuthEntry;
}

/**
 * Finds the entry of `auths` for a registry: exact keys first, then old keys with a scheme or path
 * and exactly this host[:port]. An empty entry only marks that a helper holds the secret, and is
 * skipped. Never matches by suffix.
 */
export function findEntry(
  auths: ReadonlyMap<string, AuthEntry>,
  host: string,
  repository: string | undefined,
  format: AuthFileFormat,
): AuthFileEntry | undefined {
  const usable = format === 'containers' ? hasCompleteCredential : hasCredential;
  for (const key of candidateKeys(host, repository)) {
    const entry = auths.get(key);
    if (entry !== undefined && usable(entry)) return { key, entry };
  }
  const legacy = [...auths].filter(
    ([key, entry]) => usable(entry) && keyMatchesRegistry(key, host, format),
  );
  const best = legacy.find(([key]) => isWholeRegistry(key)) ?? legacy[0];
  return best === undefined ? undefined : { key: best[0], entry: best[1] };
}

export function hasCredential(entry: AuthEntry): boolean {
  return Object.values(entry).some((value) => value !== undefined);
}

/** containers' tools ignore an `auth` without ":" (containers/image, decodeDockerAuth). */
function hasCompleteCredential(entry: AuthEntry): boolean {
  const { auth, ...others } = entry;
  if (auth === undefined || hasCredential(others)) return hasCredential(entry);
  return !isBase64(auth) || fromBase64(auth).includes(':');
}

/**
 * Reads the credential of an entry: registry token, else identity token, else user and password;
 * `auth` (base64 of user:password) outranks the plain fields (docker/cli cli/config/configfile).
 * @throws AppError CONFIG_INVALID naming file and key, never the value
 */
export function credentialFromEntry({ key, entry }: AuthFileEntry, origin: string): Credential {
  if (entry.registryToken !== undefined) {
    return { kind: 'registry-token', token: entry.registryToken, origin };
  }
  const where = `auths[${JSON.stringify(key)}]`;
  const login =
    entry.auth === undefined
      ? { username: entry.username ?? '', password: entry.password ?? '' }
      : decodeAuth(entry.auth, where, origin);
  if (entry.identityToken !== undefined) {
    const { username } = login;
    return {
      kind: 'identity',
      token: entry.identityToken,
      ...(username !== '' && { username }),
      origin,
    };
  }
  if (login.username === '') throw invalid(origin, `${where} has no username`, key);
  return { kind: 'basic', ...login, origin };
}

/** `user:password` in standard base64, as Docker writes it. */
export function encodeAuth(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
}

function decodeAuth(
  auth: string,
  where: string,
  origin: string,
): { username: string; password: string } {
  if (!isBase64(auth)) throw invalid(origin, `${where}.auth is not base64`, where);
  const text = fromBase64(auth);
  const colon = text.indexOf(':');
  if (colon < 0) throw invalid(origin, `${where}.auth is not base64 of "user:password"`, where);
  // Old Docker versions padded the password with NULs.
  const password = text.slice(colon + 1).replace(/\u0000+$/u, '');
  return { username: text.slice(0, colon), password };
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/u.test(text.replace(/\s/gu, ''));
}

function fromBase64(text: string): string {
  return Buffer.from(text.replace(/\s/gu, ''), 'base64').toString('utf8');
}

function invalid(origin: string, rule: string, key: string): AppError {
  return new AppError('CONFIG_INVALID', `${origin}: ${rule}`, {
    hint: `Log in again with "regctl login", or remove ${key} from ${origin}.`,
  });
}

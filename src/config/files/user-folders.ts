import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errnoOf } from '../../util/errno.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `$XDG_CONFIG_HOME`, by default `~/.config`; undefined where there is no home. */
export function configHome(env: Env, home: string | undefined): string | undefined {
  return xdgFolder(env['XDG_CONFIG_HOME'], home, '.config');
}

/** `$XDG_CACHE_HOME/regctl`, by default below `~/.cache`; undefined where there is no home. */
export function cacheFolder(env: Env, home: string | undefined): string | undefined {
  return ownFolder(xdgFolder(env['XDG_CACHE_HOME'], home, '.cache'));
}

/** `$XDG_STATE_HOME/regctl`, by default below `~/.local/state`; undefined where there is no home. */
export function stateFolder(env: Env, home: string | undefined): string | undefined {
  return ownFolder(xdgFolder(env['XDG_STATE_HOME'], home, '.local/state'));
}

/** XDG Base Directory Specification 0.8: a relative path is invalid and ignored. */
export function absolutePath(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function xdgFolder(
  xdg: string | undefined,
  home: string | undefined,
  below: string,
): string | undefined {
  return absolutePath(xdg) ?? (home === undefined ? undefined : join(home, below));
}

function ownFolder(base: string | undefined): string | undefined {
  return base === undefined ? undefined : join(base, 'regctl');
}

/** False for `REGCTL_CACHE=off`: nothing is kept from one run for another. */
export function isCacheEnabled(env: Env): boolean {
  return !/^(?:off|no|false|0)$/iu.test(env['REGCTL_CACHE'] ?? '');
}

export type FolderSafety =
  | { readonly kind: 'usable' | 'missing' }
  /** `problem` completes "the folder …". */
  | { readonly kind: 'unsafe'; readonly problem: string };

const unsafe = (problem: string): FolderSafety => ({ kind: 'unsafe', problem });

/**
 * Whether a folder may hold secrets: it is this user's alone, and no link that somebody may turn.
 * @throws system errors other than ENOENT and ENOTDIR
 */
export function checkPrivateFolder(path: string, uid: number | undefined): FolderSafety {
  let folder: Stats;
  try {
    folder = lstatSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return { kind: 'missing' };
    throw error;
  }
  if (folder.isSymbolicLink()) return unsafe('is a symbolic link');
  if (!folder.isDirectory()) return unsafe('is not a folder');
  if (uid === undefined) return { kind: 'usable' };
  if (folder.uid !== uid) return unsafe('belongs to another user');
  if ((folder.mode & 0o077) !== 0) return unsafe('is open to other users (chmod 700 mends it)');
  return { kind: 'usable' };
}

/**
 * A file that only this user can read; undefined for any other, for none, and for one over
 * `maxBytes`. `uid`: undefined where the system has none. Does not wait on a pipe.
 * @throws system errors other than ENOENT and ELOOP
 */
export function readPrivateFile(
  path: string,
  options: { readonly uid: number | undefined; readonly maxBytes: number },
): Buffer | undefined {
  let file: number | undefined;
  try {
    // Windows has neither flag.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
    file = openSync(path, (O_RDONLY ?? 0) | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(file);
    const mine =
      options.uid === undefined || (found.uid === options.uid && (found.mode & 0o077) === 0);
    return mine && found.isFile() && found.size <= options.maxBytes
      ? readFileSync(file)
      : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

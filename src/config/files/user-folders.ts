import { isAbsolute, join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** `$XDG_CONFIG_HOME`, by default `~/.config`; undefined if there is no home directory. */
export function configHome(env: Env, home: string | undefined): string | undefined {
  return xdgFolder(env['XDG_CONFIG_HOME'], home, '.config');
}

/** `$XDG_CACHE_HOME/regctl`, by default in `~/.cache`; undefined if there is no home directory. */
export function cacheFolder(env: Env, home: string | undefined): string | undefined {
  return ownFolder(xdgFolder(env['XDG_CACHE_HOME'], home, '.cache'));
}

/** `$XDG_STATE_HOME/regctl`, by default in `~/.local/state`; undefined if there is no home. */
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

/** False for `REGCTL_CACHE=off`: nothing is stored between runs. */
export function isCacheEnabled(env: Env): boolean {
  return !/^(?:off|no|false|0)$/iu.test(env['REGCTL_CACHE'] ?? '');
}

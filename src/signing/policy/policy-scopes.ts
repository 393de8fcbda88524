import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Location } from '../../transports/types.ts';

/** Transports whose scopes are paths: every directory above the image covers it. */
const BY_PATH: ReadonlySet<string> = new Set(['dir', 'oci', 'oci-archive']);
const BY_NAME: ReadonlySet<string> = new Set(['docker', 'docker-daemon']);

/**
 * The scopes of a policy that cover an image, the narrowest first, without the empty one
 * (containers-policy.json(5) "Supported transports and their scopes"). Undefined: the scopes of this
 * transport are not known.
 */
export async function scopesOf(
  location: Pick<Location, 'scheme' | 'name' | 'ref'>,
  cwd: () => string,
): Promise<readonly string[] | undefined> {
  const { scheme, name, ref } = location;
  if (BY_NAME.has(scheme)) return nameScopes(name, ref);
  if (BY_PATH.has(scheme)) return pathScopes(await fullPath(name, cwd));
  // An archive of Docker's has no scope: what is in it can claim any name.
  return scheme === 'docker-archive' ? [] : undefined;
}

/** `host:5000/a/b:1` → itself, `host:5000/a/b`, `host:5000/a`, `host:5000`, and for names `*.example.com`. */
export function nameScopes(name: string, ref: string = DEFAULT_TAG): readonly string[] {
  const scopes = [`${name}${isDigest(ref) ? '@' : ':'}${ref}`];
  const parts = name.split('/');
  for (let length = parts.length; length > 0; length -= 1) {
    scopes.push(parts.slice(0, length).join('/'));
  }
  const labels = (parts[0] ?? '').replace(/:\d+$/u, '').split('.');
  for (let at = 1; at < labels.length; at += 1) scopes.push(`*.${labels.slice(at).join('.')}`);
  return scopes;
}

/** `/a/b` → itself and `/a`; the root is what the empty scope covers. */
export function pathScopes(path: string): readonly string[] {
  const scopes: string[] = [];
  for (let at = path; dirname(at) !== at; at = dirname(at)) scopes.push(at);
  return scopes;
}

/** A link must not lead around a scope. */
async function fullPath(path: string, cwd: () => string): Promise<string> {
  const full = resolve(path.startsWith('/') ? '/' : cwd(), path);
  return realpath(full).catch(() => full);
}

import { credentialKey, DOCKER_HUB, isHubHost } from '../reference/docker-hub.ts';
import type { AuthFileFormat } from '../config/containers/auth-files.ts';
import { isHostPort } from '../config/host-name.ts';

/**
 * Returns the host[:port] of a key of `auths`, in lower case, without scheme and path, like
 * Docker's ConvertToHostname ("https://host/v1/", "http://host:5000/v2/", "host/path").
 */
export function hostOfKey(key: string): string {
  return (withoutScheme(key).split('/', 1)[0] ?? '').toLowerCase();
}

/** Whether the key is for the whole registry, not for a namespace in it ("host/team"). */
export function isWholeRegistry(key: string): boolean {
  const path = withoutScheme(key).split('/').slice(1).join('/');
  return key !== withoutScheme(key) || /^(?:v[12]\/?)?$/u.test(path);
}

/**
 * Whether a stored key may answer for a whole registry. In Docker's files any path after the host
 * may; in a containers-auth.json(5) "host/team" is only for that namespace.
 */
export function keyMatchesRegistry(key: string, host: string, format: AuthFileFormat): boolean {
  return sameRegistry(hostOfKey(key), host) && (format !== 'containers' || isWholeRegistry(key));
}

/**
 * The target of a login: a registry ("docker.io", "localhost:5000"), or a namespace in it, whose
 * own login outranks the registry's.
 */
export interface LoginTarget {
  readonly host: string;
  readonly namespace?: string | undefined;
}

/** "quay.io/team/app" → host and namespace. */
export function splitLoginTarget(text: string): LoginTarget {
  const slash = text.indexOf('/');
  return slash < 0
    ? { host: text.toLowerCase() }
    : { host: text.slice(0, slash).toLowerCase(), namespace: text.slice(slash + 1) };
}

/** The target as written on the command line: "quay.io/team/app". */
export function formatLoginTarget({ host, namespace }: LoginTarget): string {
  return namespace === undefined ? host : `${host}/${namespace}`;
}

/**
 * The key that a new login is written under; containers' tools write "docker.io" for Docker Hub.
 */
export function authFileKey({ host, namespace }: LoginTarget, format: AuthFileFormat): string {
  if (format !== 'containers') return credentialKey(host);
  const name = isHubHost(host) ? DOCKER_HUB : host.toLowerCase();
  return namespace === undefined ? name : `${name}/${namespace}`;
}

/**
 * Keys to ask a helper for, best first: Docker and containers' tools name Docker Hub differently.
 */
export function helperKeys(host: string, format: AuthFileFormat): readonly string[] {
  const own = credentialKey(host);
  return format === 'containers' && isHubHost(host) ? [DOCKER_HUB, own] : [own];
}

/** Equality of hosts, exact in name and port; Docker Hub's aliases are one host. */
export function sameRegistry(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || (isHubHost(a) && isHubHost(b));
}

/**
 * Exact keys to look up, best first: the namespaces of `repository`, most specific first
 * (containers-auth.json(5)), then Docker's own key, the host and its aliases.
 */
export function candidateKeys(host: string, repository?: string): readonly string[] {
  const name = host.toLowerCase();
  const aliases = isHubHost(name)
    ? [DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io']
    : [name];
  const namespaces = aliases.flatMap((alias) =>
    parentPaths(repository).map((path) => `${alias}/${path}`),
  );
  return [...namespaces, credentialKey(name), ...aliases];
}

/** The logical registry of a stored key: "docker.io" for every alias of Docker Hub. */
export function registryOfKey(key: string): string {
  const host = hostOfKey(key);
  return isHubHost(host) ? DOCKER_HUB : host;
}

/** The target of a stored key: a registry, or in a containers-auth.json(5) also "host/team". */
export function targetOfKey(key: string, format: AuthFileFormat): string {
  const registry = registryOfKey(key);
  if (format !== 'containers' || isWholeRegistry(key)) return registry;
  return `${registry}${key.slice(key.indexOf('/'))}`;
}

/** Whether a key is safe on a helper's stdin: host[:port] with at most a plain scheme and path. */
export function isSafeServerKey(key: string): boolean {
  return isHostPort(hostOfKey(key)) && /^[\w./:[\]~-]+$/u.test(key) && !/[\r\n]/u.test(key);
}

function withoutScheme(key: string): string {
  return key.replace(/^https?:\/\//iu, '');
}

/** "a/b/c" → "a/b/c", "a/b", "a". */
function parentPaths(repository: string | undefined): readonly string[] {
  if (repository === undefined || repository === '') return [];
  const parts = repository.split('/');
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('/'));
}

import { credentialKey, DOCKER_HUB, isHubHost } from '../reference/docker-hub.ts';
import { isHostPort } from '../config/host-name.ts';

/**
 * The host[:port] a key of `auths` stands for: scheme and path stripped, as Docker's
 * ConvertToHostname does ("https://host/v1/", "http://host:5000/v2/", "host/path"). Lower case.
 */
export function keyHost(key: string): string {
  return (withoutScheme(key).split('/', 1)[0] ?? '').toLowerCase();
}

/** Whether the key stands for the whole registry, not for a namespace in it ("host/team"). */
export function isWholeRegistry(key: string): boolean {
  const path = withoutScheme(key).split('/').slice(1).join('/');
  return key !== withoutScheme(key) || /^(?:v[12]\/?)?$/u.test(path);
}

/** `containers`: a file of containers-auth.json(5), where "host/team" is for that namespace alone. */
export type KeyStyle = 'docker' | 'containers';

/** Whether a stored key may answer for a registry; in Docker's files any path behind the host may. */
export function answersFor(key: string, host: string, style: KeyStyle): boolean {
  return sameRegistry(keyHost(key), host) && (style === 'docker' || isWholeRegistry(key));
}

/** Equality of hosts, exact in name and port; Docker Hub's aliases are one host. */
export function sameRegistry(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || (isHubHost(a) && isHubHost(b));
}

/**
 * Exact keys to look up, best first: Docker's own key, the host and its aliases, and before them
 * the namespaces of `repository`, most specific first (containers-auth.json(5)).
 */
export function exactKeys(host: string, repository?: string): readonly string[] {
  const name = host.toLowerCase();
  const aliases = isHubHost(name)
    ? [DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io']
    : [name];
  const namespaces = aliases.flatMap((alias) =>
    parents(repository).map((path) => `${alias}/${path}`),
  );
  return [...namespaces, credentialKey(name), ...aliases];
}

/** The logical registry a stored key belongs to: "docker.io" for every alias of Docker Hub. */
export function registryOfKey(key: string): string {
  const host = keyHost(key);
  return isHubHost(host) ? DOCKER_HUB : host;
}

/** Safe on a helper's stdin: host[:port], with nothing but a plain scheme and path around it. */
export function isServerKey(key: string): boolean {
  return isHostPort(keyHost(key)) && /^[\w./:[\]~-]+$/u.test(key) && !/[\r\n]/u.test(key);
}

function withoutScheme(key: string): string {
  return key.replace(/^https?:\/\//iu, '');
}

/** "a/b/c" → "a/b/c", "a/b", "a". */
function parents(repository: string | undefined): readonly string[] {
  if (repository === undefined || repository === '') return [];
  const parts = repository.split('/');
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('/'));
}

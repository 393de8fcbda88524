import { DOCKER_HUB, isHubHost } from './docker-hub.ts';
import { isPathTooLong, pathProblem, tagProblem, type Problem } from './grammar.ts';
import { canonicalHost, hostProblem, looksLikeHost } from './host.ts';
import { invalidName } from './error.ts';

const MAX_HOST = 300;

export function isTag(text: string): boolean {
  return tagProblem(text) === undefined;
}

/** A path such as "library/busybox", without host. */
export function isRepositoryName(text: string): boolean {
  return !isPathTooLong(text) && pathProblem(text) === undefined;
}

/** Whether the text is `HOST[:PORT]` by grammar only; a bare word is also one. */
export function isRegistryHost(text: string): boolean {
  return text.length <= MAX_HOST && hostProblem(text) === undefined;
}

/**
 * Reads a registry as people write it ("ghcr.io/", "https://index.docker.io/v1/") and returns its
 * logical name: "docker.io" for Docker Hub, else the host in lower case with its port.
 * @throws AppError INVALID_REFERENCE
 */
export function parseRegistry(text: string): string {
  const scheme = /^https?:\/\//i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  const host = rest.replace(/\/(?:v[12]\/?)?$/, '');
  if (host.includes('@')) {
    throw invalidName(
      'registry',
      `${scheme}***${host.slice(host.lastIndexOf('@'))}`,
      { at: scheme.length, rule: 'a registry has no user or password in it' },
      'Pass them as --username and --password-stdin.',
    );
  }
  const problem = registryProblem(host);
  if (problem !== undefined) {
    const { hint, suggestion } = problem;
    const offered = suggestion !== undefined && registryProblem(suggestion) === undefined;
    throw invalidName(
      'registry',
      text,
      { ...problem, at: scheme.length + problem.at },
      offered ? `Did you mean "${suggestion}"?` : hint,
    );
  }
  const registry = canonicalHost(host);
  return isHubHost(registry) ? DOCKER_HUB : registry;
}

function registryProblem(host: string): Problem | undefined {
  if (host === '') return { at: 0, rule: 'the host is missing', hint: 'For example "ghcr.io".' };
  if (host.length > MAX_HOST) {
    return { at: MAX_HOST, rule: `it must not be longer than ${MAX_HOST} characters` };
  }
  const slash = host.indexOf('/');
  if (slash >= 0) {
    const suggestion = host.slice(0, slash);
    return { at: slash, rule: 'a registry has no path', hint: 'Write only the host.', suggestion };
  }
  const problem = hostProblem(host);
  if (problem !== undefined) return { ...problem, suggestion: host.trim() };
  if (looksLikeHost(host)) return undefined;
  return {
    at: 0,
    rule: 'a registry has a dot or a port in its name',
    hint: `Write the whole host name, or ${host}:443.`,
  };
}

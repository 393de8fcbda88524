import type { LoginTarget } from '../../credentials/keys.ts';
import { invalidName } from '../../reference/error.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { isRepositoryName, parseRegistry } from '../../reference/names.ts';

/**
 * Parses `REGISTRY[/NAMESPACE]`; `undefined` means Docker Hub.
 * @throws AppError INVALID_REFERENCE
 */
export function parseLoginTarget(text: string | undefined): LoginTarget {
  if (text === undefined) return { host: DOCKER_HUB };
  const slash = text.indexOf('/');
  const rest = text.slice(slash + 1).replace(/\/$/u, '');
  if (slash < 0 || /^https?:\/\//iu.test(text) || /^(?:v[12])?$/u.test(rest)) {
    return { host: parseRegistry(text) };
  }
  const host = parseRegistry(text.slice(0, slash));
  if (!isRepositoryName(rest)) {
    throw invalidName(
      'registry',
      text,
      { at: slash + 1, rule: 'a login is for a registry, or for a namespace in it' },
      'Write HOST[:PORT][/NAMESPACE], without tag or digest.',
    );
  }
  return { host, namespace: rest };
}

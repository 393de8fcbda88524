import { invalidName } from '../../reference/error.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { isRepositoryName, parseRegistry } from '../../reference/names.ts';

/** What a login is for: a registry, or a namespace in it, whose own login outranks the registry's. */
export interface LoginTarget {
  readonly registry: string;
  /** "team/app" of "quay.io/team/app". */
  readonly namespace: string | undefined;
  /** Both as one text, as it was meant. */
  readonly name: string;
}

/**
 * Reads `REGISTRY[/NAMESPACE]`; nothing means Docker Hub.
 * @throws AppError INVALID_REFERENCE
 */
export function parseLoginTarget(text: string | undefined): LoginTarget {
  if (text === undefined) return wholeOf(DOCKER_HUB);
  const slash = text.indexOf('/');
  const rest = text.slice(slash + 1).replace(/\/$/u, '');
  if (slash < 0 || /^https?:\/\//iu.test(text) || /^(?:v[12])?$/u.test(rest)) {
    return wholeOf(parseRegistry(text));
  }
  const registry = parseRegistry(text.slice(0, slash));
  if (!isRepositoryName(rest)) {
    throw invalidName(
      'registry',
      text,
      { at: slash + 1, rule: 'a login is for a registry, or for a namespace in it' },
      'Write HOST[:PORT][/NAMESPACE], without tag or digest.',
    );
  }
  return { registry, namespace: rest, name: `${registry}/${rest}` };
}

function wholeOf(registry: string): LoginTarget {
  return { registry, namespace: undefined, name: registry };
}

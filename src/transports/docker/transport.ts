import { parseReference } from '../../reference/parse.ts';
import { formatReference, formatRepository, withDefaultTag } from '../../reference/format.ts';
import type { Location, OpenContext, Transport } from '../types.ts';
import { createRegistryStore } from './store.ts';
import type { Access, Repository } from '../../registry/types.ts';

/** Images in a registry: "docker://ghcr.io/a/b:1", or the name without a scheme. */
export const dockerTransport: Transport = {
  scheme: 'docker',
  help: 'docker://REGISTRY/REPOSITORY[:TAG|@DIGEST], or only the name: an image of a registry',
  parse: parseLocation,
  openRead: async (location, context, options) =>
    createRegistryStore(
      openRepository(location, context, options?.forUpdate === true ? 'delete' : 'pull'),
    ),
  openWrite: async (location, context, options) =>
    createRegistryStore(openRepository(location, context, 'push', options?.mountFrom)),
};

function parseLocation(rest: string): Location {
  const reference = parseReference(rest.startsWith('//') ? rest.slice(2) : rest);
  return {
    scheme: 'docker',
    name: formatRepository(reference),
    ref: reference.digest ?? reference.tag,
    tag: reference.tag,
    text: formatReference(withDefaultTag(reference)),
  };
}

/** Opens the repository of a location, for operations that a store does not offer. */
export function openRepository(
  location: Location,
  context: OpenContext,
  access: Access,
  mountFrom?: readonly string[],
): Repository {
  const { registry, repository } = parseReference(location.name);
  const suffix = location.text.slice(location.name.length);
  return context.registry.repository({ registry, repository, access, suffix, mountFrom });
}

import type { KnownRegistry } from '../../config/registries/table.ts';
import { knownRegistry } from '../../config/registries/lookup.ts';
import type { RequestContext } from '../requests.ts';
import type { ErrorResponse } from './body.ts';

/** What is known of the registry that refused: by its host, its answer, or what it asked before. */
export function knownRegistryOf(
  { registry }: RequestContext,
  { headers, challenge }: ErrorResponse,
): KnownRegistry | undefined {
  return knownRegistry(registry, {
    all: (name) =>
      name === 'www-authenticate' && challenge !== undefined
        ? [...headers.all(name), challenge]
        : headers.all(name),
  });
}

import type { Access } from './types.ts';

export const CATALOG_SCOPE = 'registry:catalog:*';

export function pullScope(name: string): string {
  return `repository:${name}:pull`;
}

/**
 * Returns the scopes of a repository's first request, so that one token covers all later requests.
 * `delete` is never requested in advance: Quay rejects a request that names it, and the challenge
 * to the DELETE states the scope that the registry wants.
 */
export function scopesFor(name: string, access: Access): readonly string[] {
  return access === 'push' ? [`repository:${name}:pull,push`] : [pullScope(name)];
}

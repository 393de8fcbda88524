import type { Access } from './types.ts';

export const CATALOG_SCOPE = 'registry:catalog:*';

export function pullScope(name: string): string {
  return `repository:${name}:pull`;
}

/**
 * What the first request of a repository asks for, so that one token serves all later ones.
 * `delete` is never asked for up front: Quay refuses a request that names it, and the challenge
 * of the DELETE itself says what the registry wants.
 */
export function scopesFor(name: string, access: Access): readonly string[] {
  return access === 'push' ? [`repository:${name}:pull,push`] : [pullScope(name)];
}

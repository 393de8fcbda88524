import { looksLikeHost } from '../../reference/host.ts';
import { parseRegistry } from '../../reference/names.ts';
import type { Context } from '../context.ts';
import type { CheckTarget } from './check.ts';

/**
 * Parses `REGISTRY` or `REGISTRY/NAMESPACE/REPO`, with or without a tag; a bare word is a
 * repository of Docker Hub. @throws AppError INVALID_REFERENCE
 */
export function parseTarget(text: string, context: Pick<Context, 'reference'>): CheckTarget {
  const name = text.replace(/^docker:\/\//u, '');
  const slash = name.indexOf('/');
  const rest = slash < 0 ? '' : name.slice(slash + 1);
  const isUrl = /^https?:\/\//iu.test(name);
  if (
    isUrl ||
    (looksLikeHost(name.slice(0, slash < 0 ? name.length : slash)) && /^(?:v[12]\/?)?$/u.test(rest))
  ) {
    return { registry: parseRegistry(name), repository: undefined };
  }
  const { registry, repository } = context.reference(name);
  return { registry, repository };
}

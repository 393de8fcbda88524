import type { PullLimitClient } from '../../registry/hub/pull-limit.ts';
import type { Context } from '../context.ts';

/** A client that requests a pull limit with the login that a pull uses. */
export async function pullLimitClient(
  context: Pick<Context, 'http' | 'endpoint' | 'credentials' | 'warn'>,
): Promise<PullLimitClient> {
  return {
    request: await context.http('single'),
    endpoint: (registry, options) => context.endpoint('single', registry, options),
    credentials: () => context.credentials('single'),
    warn: (text) => context.warn(text),
  };
}

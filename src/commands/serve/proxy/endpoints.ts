import { AppError } from '../../../errors/app-error.ts';
import { sanitize } from '../../../errors/sanitize.ts';
import { proxyMetrics } from '../../../server/metrics/proxy.ts';
import type { Metrics } from '../../../server/metrics/prometheus.ts';
import { createProxy, type Endpoints } from '../../../server/proxy/proxy.ts';
import type { Upstream } from '../../../server/proxy/types.ts';
import type { Storage } from '../../../server/storage/types.ts';
import type { Context } from '../../context.ts';
import { readFlag } from '../../input/read.ts';
import type { Input } from '../../types.ts';
import { readSize, readTime } from '../amounts.ts';
import { readUpstreams } from './upstreams.ts';

const DEFAULT_TTL_MS = 60_000;

/** Makes the endpoints once the storage is open. */
export type OpenProxy = (storage: Storage, signal: AbortSignal, metrics: Metrics) => Endpoints;

/** `undefined` without an upstream. @throws AppError USAGE */
export function readProxy(
  context: Pick<Context, 'locate' | 'openRead' | 'now' | 'warn'>,
  input: Input,
): OpenProxy | undefined {
  const ttl = readTime(input, 'proxyTtl') ?? DEFAULT_TTL_MS;
  const maxBytes = readSize(input, 'proxyMaxSize');
  const upstreams = readUpstreams(context, input);
  if (!isFilled(upstreams)) {
    if (input.options['proxyTtl'] === undefined && maxBytes === undefined) return undefined;
    throw new AppError('USAGE', '--proxy-ttl and --proxy-max-size need --proxy');
  }
  if (readFlag(input, 'readOnly')) {
    throw new AppError('USAGE', '--read-only and --proxy contradict: a proxy writes its cache', {
      hint: 'Clients cannot push to a proxy anyway.',
    });
  }
  return (storage, signal, metrics) => {
    const { onStale, ...counted } = proxyMetrics(metrics);
    return createProxy({
      storage,
      upstreams,
      ttl,
      maxBytes,
      now: () => context.now().getTime(),
      signal,
      events: {
        ...counted,
        onStale(reason) {
          onStale();
          context.warn(`serving cached content: ${sanitize(reason)}`);
        },
      },
    });
  };
}

function isFilled(some: readonly Upstream[]): some is readonly [Upstream, ...Upstream[]] {
  return some.length > 0;
}

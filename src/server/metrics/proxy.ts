import type { ContentType } from '../proxy/types.ts';
import type { Metrics } from './prometheus.ts';

export interface ProxyMetrics {
  readonly onLookup: (type: ContentType, isHit: boolean) => void;
  readonly onPulled: (type: ContentType, bytes: number) => void;
  readonly onServed: (type: ContentType, bytes: number) => void;
  readonly onStale: () => void;
}

/** Counts what a pull-through cache does under the names that distribution v3 uses. */
export function proxyMetrics(metrics: Metrics): ProxyMetrics {
  const requests = metrics.counter('registry_proxy_requests_total', 'Requests to the cache.');
  const hits = metrics.counter('registry_proxy_hits_total', 'Requests answered from the cache.');
  const misses = metrics.counter('registry_proxy_misses_total', 'Requests that the cache fetched.');
  const pulled = metrics.counter('registry_proxy_pulled_bytes_total', 'Bytes from the upstreams.');
  const pushed = metrics.counter('registry_proxy_pushed_bytes_total', 'Bytes to the clients.');
  const stale = metrics.counter(
    'regctl_proxy_stale_total',
    'Failures of an upstream that cached content hid.',
  );
  return {
    onLookup(type, isHit) {
      requests.add({ type });
      (isHit ? hits : misses).add({ type });
    },
    onPulled: (type, bytes) => pulled.add({ type }, bytes),
    onServed: (type, bytes) => pushed.add({ type }, bytes),
    onStale: () => stale.add(),
  };
}

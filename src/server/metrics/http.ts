import { METHODS } from 'node:http';
import type { RequestEntry } from '../api/dispatch.ts';
import { isRepositoryName } from '../names.ts';
import type { Labels, Metrics } from './prometheus.ts';

/** Those of the Prometheus client for Go, which distribution uses. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];
const BYTES = [
  1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456,
  1_073_741_824,
];

/** Repositories with a label of their own; requests for more share one. */
const MAX_REPOSITORIES = 10_000;

export interface HttpMetrics {
  readonly onStart: (handler: string | undefined) => void;
  readonly onRequest: (entry: RequestEntry) => void;
}

/**
 * Counts requests under the names and labels that distribution v3 uses. `repositories` adds a label
 * to the count of requests, which costs one series for each repository.
 */
export function httpMetrics(
  metrics: Metrics,
  { repositories }: { readonly repositories: boolean },
): HttpMetrics {
  const known = new Set(METHODS);
  const named = new Set<string>();
  const running = new Map<string, number>();
  const requests = metrics.counter(
    'registry_http_requests_total',
    'Total number of HTTP requests.',
  );
  const seconds = metrics.histogram(
    'registry_http_request_duration_seconds',
    'Latencies of HTTP requests in seconds.',
    SECONDS,
  );
  const received = metrics.histogram(
    'registry_http_request_size_bytes',
    'Sizes of request bodies in bytes.',
    BYTES,
  );
  const sent = metrics.histogram(
    'registry_http_response_size_bytes',
    'Sizes of response bodies in bytes.',
    BYTES,
  );
  metrics.reading(
    'registry_http_in_flight_requests',
    'HTTP requests that are being answered.',
    () => [...running].map(([handler, count]) => [{ handler }, count] as const),
  );
  const change = (handler: string, by: number): void => {
    running.set(handler, (running.get(handler) ?? 0) + by);
  };
  const repositoryLabel = (name: string | undefined): Labels => {
    if (!repositories) return {};
    if (name === undefined || !isRepositoryName(name)) return { repository: '' };
    if (named.size < MAX_REPOSITORIES) named.add(name);
    return { repository: named.has(name) ? name : 'other' };
  };
  return {
    onStart: (handler = 'other') => change(handler, 1),
    onRequest(entry) {
      const { handler = 'other', status, elapsed } = entry;
      const method = known.has(entry.method) ? entry.method.toLowerCase() : 'other';
      change(handler, -1);
      requests.add({ code: String(status), handler, method, ...repositoryLabel(entry.repository) });
      seconds.observe({ handler, method }, elapsed / 1000);
      received.observe({ handler }, entry.received);
      sent.observe({ handler }, entry.sent);
    },
  };
}

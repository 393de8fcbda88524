import type { RequestEntry } from '../../server/api/dispatch.ts';
import type { GarbageReport } from '../../server/gc/collect.ts';
import { httpMetrics } from '../../server/metrics/http.ts';
import { createMetrics, type Metrics } from '../../server/metrics/prometheus.ts';
import { storageMetrics } from '../../server/metrics/storage.ts';
import { healthPages, metricsPage, startPageServer, type Pages } from '../../server/pages.ts';
import type { Context } from '../context.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import { parseListen, type ListenAddress } from '../input/listen.ts';

export interface ServeMetrics {
  readonly metrics: Metrics;
  /** The address of `--metrics-listen`. */
  readonly address: ListenAddress | undefined;
  /** Pages of the registry's own address: only behind a login, and not with `--metrics-listen`. */
  readonly pages: (hasLogin: boolean) => Pages;
  readonly onStart: (handler: string | undefined) => void;
  readonly onRequest: (entry: RequestEntry) => void;
  readonly onCollected: (report: GarbageReport) => void;
}

/** @throws AppError USAGE */
export function readMetrics(
  { now, usage }: Pick<Context, 'now' | 'usage'>,
  input: Input,
): ServeMetrics {
  const metrics = createMetrics();
  const listen = readText(input, 'metricsListen');
  const address = listen === undefined ? undefined : parseListen(listen, '--metrics-listen');
  const repositories = readFlag(input, 'metricsRepositories');
  return {
    metrics,
    address,
    pages: (hasLogin) => (hasLogin && address === undefined ? metricsPage(metrics) : new Map()),
    ...httpMetrics(metrics, { repositories }),
    ...storageMetrics(metrics, { startedAt: now(), usage }),
  };
}

/** Serves the metrics on their own address until it is disposed. @throws AppError IO */
export async function serveMetrics(
  { note }: Pick<Context, 'note'>,
  { metrics, address }: ServeMetrics,
  ready: () => Promise<void>,
): Promise<AsyncDisposable> {
  if (address === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  const pages = new Map([...healthPages(ready), ...metricsPage(metrics)]);
  const server = await startPageServer(pages, address);
  note(`metrics on http://${server.host}/metrics`);
  return server;
}

import { expect } from 'vitest';
import type { CopyEvent } from '../../src/copy/types.ts';
import { copyImage } from '../../src/copy/copy-image.ts';
import { createHttpClient, type HttpClientOptions } from '../../src/http/client.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import type { Repository } from '../../src/registry/types.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';
import type { Fault, Schedule } from '../helpers/fault-proxy.ts';
import type { TestImage } from '../helpers/images.ts';
import { chainOf, policies } from '../http/setup.ts';

/** A wire as the command line makes it, whose waits are noted and cut short. */
export interface QuickWire extends AsyncDisposable {
  readonly waits: number[];
  readonly events: CopyEvent[];
  repository(host: string, name: string): Repository;
  store(host: string, name: string): WriteStore;
}

/** Where the fault is silence, and nobody wants to sit it out. */
export const IMPATIENT = { headersMs: 1500, firstByteMs: 1500, idleMs: 1500, slowestLink: 1e6 };

/** Longest real wait; the policy believes that it waited as long as it wanted. */
const REAL_WAIT_MS = 2;

/** Which client sends: that of the first requests, of many, or of large contents. */
export type Lane = 'few' | 'many' | 'large';

export function quickWire(options: Partial<HttpClientOptions> = {}, lane: Lane = 'few'): QuickWire {
  const waits: number[] = [];
  const events: CopyEvent[] = [];
  let ahead = 0;
  const http = createHttpClient({
    credentials: chainOf(),
    policies: policies(),
    userAgent: 'regctl/test',
    now: () => Date.now() + ahead,
    random: () => 0.5,
    retryTimes: 5,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, REAL_WAIT_MS)));
      ahead += Math.max(0, ms - REAL_WAIT_MS);
    },
    allowedRealms: () => true,
    onWarning: () => undefined,
    onRetry: (event) => void events.push({ type: 'retry', ...event }),
    timeouts: { headersMs: 30_000, firstByteMs: 30_000, idleMs: 30_000 },
    ...(lane === 'many' ? { fewRequests: 0 } : {}),
    ...options,
  });
  const client = createRegistryClient({
    request: (one) => http.request(lane === 'large' ? { ...one, large: true } : one),
    endpoint: http.endpoint,
    warn: () => undefined,
    retries: http.retries,
  });
  const repository = (host: string, name: string): Repository =>
    client.repository({ registry: host, repository: name, access: 'push' });
  return {
    waits,
    events,
    repository,
    store: (host, name) => createRegistryStore(repository(host, name)),
    [Symbol.asyncDispose]: () => http.close(),
  };
}

/** The fault for requests whose "METHOD /path" matches, so many times. */
export function on(pattern: RegExp, fault: Fault, times = Infinity): Schedule {
  let left = times;
  return ({ method, path }) => {
    if (left <= 0 || !pattern.test(`${method} ${path}`)) return undefined;
    left -= 1;
    return fault;
  };
}

/** The first of several schedules that has a fault. */
export function either(...schedules: readonly Schedule[]): Schedule {
  return (request, count) => {
    for (const schedule of schedules) {
      const fault = schedule(request, count);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** Copies the tag `v1` of one repository to another; resolves to what was thrown. */
export async function tryCopy(
  wire: QuickWire,
  from: string,
  to: string,
  names: { readonly from: string; readonly to: string } = { from: 'app', to: 'copy' },
  signal?: AbortSignal,
): Promise<unknown> {
  try {
    await copyImage({
      source: wire.store(from, names.from),
      sourceRef: 'v1',
      destination: wire.store(to, names.to),
      destinationTag: 'v1',
      concurrency: 3,
      emit: (event) => void wire.events.push(event),
      signal,
    });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Reads an image back without the code under test, and compares every byte. */
export async function expectWhole(
  origin: string,
  repository: string,
  tag: string,
  image: TestImage,
): Promise<void> {
  const [root, ...below] = [...image.nodes.values()].reverse();
  expect(root?.descriptor.digest).toBe(image.root.digest);
  const nodes = [
    [`manifests/${tag}`, root] as const,
    ...below.map((node) => {
      const kind = /manifest|index/u.test(node.descriptor.mediaType) ? 'manifests' : 'blobs';
      return [`${kind}/${node.descriptor.digest}`, node] as const;
    }),
  ];
  for (const [path, node] of nodes) {
    const accept = node?.descriptor.mediaType ?? '';
    const response = await fetch(`${origin}/v2/${repository}/${path}`, { headers: { accept } });
    expect(response.status, path).toBe(200);
    const read = Buffer.from(await response.arrayBuffer());
    expect(read.equals(node?.bytes ?? new Uint8Array()), path).toBe(true);
  }
}

/** The digest a tag points at; `undefined` when there is none. */
export async function tagOf(
  origin: string,
  repository: string,
  tag: string,
  accept: string,
): Promise<string | undefined> {
  const response = await fetch(`${origin}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept },
  });
  return response.status === 200
    ? (response.headers.get('docker-content-digest') ?? undefined)
    : undefined;
}

import type { Hono } from 'hono';
import { createRegistryClient } from '../../src/registry/client.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';
import { locate } from '../../src/transports/locate.ts';
import type { Capabilities } from '../../src/store/types.ts';
import { createSessions } from '../../src/ui/access/sessions.ts';
import { createApp } from '../../src/ui/app.tsx';
import type { UiEnv } from '../../src/ui/html.tsx';
import type { UiOptions, UiSources } from '../../src/ui/types.ts';
import { pushImage, type TestImage } from '../helpers/images.ts';
import { plainClient } from '../registry/harness.ts';

export const PORT = 4321;
export const ORIGIN = `http://127.0.0.1:${PORT}`;
export const NOW = new Date('2026-02-01T00:00:00Z');

/** The embedded registry as reg.example, and its pages. */
export interface Pages extends AsyncDisposable {
  readonly app: Hono<UiEnv>;
  readonly sources: UiSources;
  /** What a browser with a login sees. */
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Seen>;
  post(
    path: string,
    form: Readonly<Record<string, string | readonly string[]>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Seen>;
  push(repository: string, tags: readonly string[], image: TestImage): Promise<void>;
  /** Gives an image that was pushed before up to 32 more tags. */
  putTags(repository: string, image: TestImage, tags: readonly string[]): Promise<void>;
  /** "GET /v2/app/tags/list", since the last call. */
  requests(): readonly string[];
  /** Keys that were offered to browsers without a login. */
  readonly keys: readonly string[];
  readonly bugs: readonly unknown[];
  /** Of the browser with a login. */
  readonly cookie: string;
}

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** The page's text without its markup. */
  readonly text: string;
}

/** Sources whose repositories have some other capabilities. */
export function withCapabilities(sources: UiSources, change: Partial<Capabilities>): UiSources {
  return {
    ...sources,
    async openRead(location, options) {
      const store = await sources.openRead(location, options);
      return {
        label: store.label,
        capabilities: { ...store.capabilities, ...change },
        resolve: (ref, call) => store.resolve(ref, call),
        has: (descriptor, call) => store.has(descriptor, call),
        fetch: (descriptor, call) => store.fetch(descriptor, call),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
}

export async function startPages(options: Partial<UiOptions> = {}): Promise<Pages> {
  const server = await startRegistryServer({ storage: createMemoryStorage(), allowDelete: true });
  let lines: string[] = [];
  let count = 0;
  const client = createRegistryClient({
    request: (one) => {
      const { pathname } = new URL(one.url);
      lines.push(`${one.method} ${pathname}`);
      count += 1;
      return plainClient(one);
    },
    endpoint: async () => server.url,
    warn: () => undefined,
  });
  const sources: UiSources = {
    locate,
    openRead: async ({ name }) => {
      const [registry = '', ...path] = name.split('/');
      const repository = path.join('/');
      return createRegistryStore(client.repository({ registry, repository, access: 'delete' }));
    },
    catalog: (registry, call) => client.catalog(registry, call),
    logins: async () => ['reg.example'],
    requestCount: () => count,
  };
  const keys: string[] = [];
  const bugs: unknown[] = [];
  const sessions = createSessions(() => NOW);
  const app = createApp({
    sources,
    hostPlatform: { os: 'linux', architecture: 'amd64' },
    concurrency: 4,
    now: () => NOW,
    allowDelete: false,
    onBug: (error) => bugs.push(error),
    onKey: (key) => keys.push(key),
    port: () => PORT,
    ...options,
    sessions,
  });
  const answer = await app.request(`${ORIGIN}/?key=${sessions.issueKey()}`, {
    headers: { host: `127.0.0.1:${PORT}` },
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const base = { host: `127.0.0.1:${PORT}`, cookie };
  return {
    app,
    sources,
    keys,
    bugs,
    cookie,
    get: async (path, headers, signal) =>
      seen(
        await app.request(`${ORIGIN}${path}`, {
          headers: { ...base, ...headers },
          signal: signal ?? null,
        }),
      ),
    async post(path, form, headers) {
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries(form)) {
        for (const one of [value].flat()) body.append(name, one);
      }
      const init = { method: 'POST', body, headers: { ...base, origin: ORIGIN, ...headers } };
      return seen(await app.request(`${ORIGIN}${path}`, init));
    },
    push: (repository, tags, image) =>
      pushImage(server.url.href.replace(/\/$/u, ''), repository, tags, image),
    async putTags(repository, { root, nodes }, tags) {
      const query = new URLSearchParams(tags.map((tag): [string, string] => ['tag', tag]));
      const path = `/v2/${repository}/manifests/${root.digest}?${query.toString()}`;
      const put = await fetch(new URL(path, server.url), {
        method: 'PUT',
        headers: { 'content-type': root.mediaType },
        body: Buffer.from(nodes.get(root.digest)?.bytes ?? []),
      });
      if (!put.ok) throw new Error(`${path}: ${put.status}`);
    },
    requests() {
      const since = lines;
      lines = [];
      return since;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

export async function seen(response: Response): Promise<Seen> {
  const html = await response.text();
  const text = html
    .replace(/<(?:script|style|title)[^>]*>[^<]*<\/[a-z]+>/gu, ' ')
    .replace(/<[^>]*>/gu, ' ')
    .replace(/&(?:lt|gt|quot|#39|amp);/gu, (one) => ENTITIES[one] ?? one)
    .replace(/\s+/gu, ' ')
    .trim();
  return { status: response.status, headers: response.headers, html, text };
}

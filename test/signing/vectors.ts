import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRawHeaders } from '../../src/http/headers.ts';
import type { HttpClient } from '../../src/http/types.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import type { ReadStore } from '../../src/store/types.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';
import { bytesOf } from '../../src/util/bytes.ts';

/** Text where the content is UTF-8, base64 where it is not. */
export type Content = { readonly text: string } | { readonly base64: string };

export function contentBytes(content: Content | undefined): Buffer {
  if (content === undefined) throw new Error('The vectors lack this content');
  return 'text' in content ? Buffer.from(content.text) : Buffer.from(content.base64, 'base64');
}

export function readVectors(name: string): unknown {
  const path = join(import.meta.dirname, '../vectors/trust', name);
  return JSON.parse(readFileSync(path, 'utf8'));
}

export interface Expected {
  readonly counts?: boolean | null;
  /** A number; a list: any of them; null: not settled. */
  readonly exit: number | readonly number[] | null;
  readonly why?: string;
}

/** What a registry serves; manifests and blobs name their content, which may lie about its digest. */
export interface Served {
  readonly manifests: Readonly<Record<string, { readonly type: string; readonly content: string }>>;
  readonly blobs: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent: the registry has no referrers API. */
  readonly referrers?: Readonly<Record<string, unknown>> | undefined;
  readonly http?: Readonly<Record<string, Partial<Answer>>> | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const NOT_FOUND: Answer = { status: 404, body: '', headers: {} };
const EMPTY_INDEX = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [],
};

function answerOf(
  path: string,
  served: Served,
  contents: Readonly<Record<string, Content>>,
): Answer {
  const scripted = served.http?.[path];
  if (scripted !== undefined) {
    const json = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
    const { status = 200, body = '', headers = {} } = scripted;
    return { status, body, headers: { ...(status === 200 ? json : {}), ...headers } };
  }
  const [kind = '', ref = ''] = path.split('/');
  if (kind === 'referrers' && served.referrers !== undefined) {
    const body = JSON.stringify(served.referrers[ref] ?? EMPTY_INDEX);
    return {
      status: 200,
      body,
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
    };
  }
  if (kind === 'blobs') {
    const content = served.blobs[ref];
    return content === undefined
      ? NOT_FOUND
      : { status: 200, body: contentBytes(contents[content]), headers: {} };
  }
  const digest = ref.includes(':') ? ref : served.tags[ref];
  const manifest =
    kind === 'manifests' && digest !== undefined ? served.manifests[digest] : undefined;
  if (manifest === undefined) return NOT_FOUND;
  const body = contentBytes(contents[manifest.content]);
  return { status: 200, body, headers: { 'content-type': manifest.type } };
}

/** A store in front of a registry that answers from vectors, without sockets. */
export function vectorStore(
  served: Served,
  contents: Readonly<Record<string, Content>>,
  requests: string[] = [],
): ReadStore {
  const request: HttpClient = async ({ method, resolveMethod, url }) => {
    const path = `${url.pathname.replace('/v2/team/app/', '')}${url.search}`;
    const { status, body, headers } = answerOf(path, served, contents);
    const bytes = Buffer.from(body);
    requests.push(path);
    const isHead = ((await resolveMethod?.()) ?? method) === 'HEAD';
    const all: Record<string, string> = { 'content-length': String(bytes.length), ...headers };
    if (status === 200 && path.startsWith('manifests/'))
      all['docker-content-digest'] = path.includes(':')
        ? path.slice('manifests/'.length)
        : digestOf(bytes);
    return {
      status,
      headers: parseRawHeaders(Object.entries(all).flat()),
      url,
      body: bytesOf(isHead ? Buffer.alloc(0) : bytes),
      discard: async () => undefined,
    };
  };
  const client = createRegistryClient({
    request,
    endpoint: async () => new URL('http://registry.example/'),
    warn: () => undefined,
  });
  return createRegistryStore(
    client.repository({ registry: 'registry.example', repository: 'team/app', access: 'pull' }),
  );
}

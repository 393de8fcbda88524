import { request as httpRequest, type IncomingMessage } from 'node:http';
import { parseRawHeaders } from '../../src/http/headers.ts';
import { createPauses } from '../../src/http/retry/pauses.ts';
import {
  createRetryPolicy,
  type RetryOptions,
  type RetryPolicy,
} from '../../src/http/retry/policy.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../../src/http/types.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import type { UploadJournal } from '../../src/registry/journal/types.ts';
import type { Access, RegistryClient, Repository } from '../../src/registry/types.ts';
import {
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../helpers/scripted-server.ts';

/** What a request that may carry credentials carries here, so that a leak shows on any server. */
export const SECRET = 'Bearer s3cret';

export interface Harness extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly client: RegistryClient;
  readonly warnings: readonly string[];
  /** Scopes of each request, joined; "anonymous" without authentication. */
  readonly scopes: readonly string[];
  repository(access?: Access): Repository;
}

/** A registry client against a scripted server, over the simplest wire there is. */
export async function startRegistry(
  script: Script,
  options: {
    registry?: string;
    credentials?: HttpResponse['credentials'];
    retries?: RetryPolicy;
    journal?: UploadJournal;
  } = {},
): Promise<Harness> {
  const server = await startScriptedServer(script);
  const warnings: string[] = [];
  const scopes: string[] = [];
  const request: HttpClient = async (one) => {
    scopes.push(one.auth === undefined ? 'anonymous' : one.auth.scopes.join(' '));
    const response = await plainClient(one);
    return options.credentials === undefined
      ? response
      : { ...response, credentials: options.credentials };
  };
  const client = createRegistryClient({
    request,
    endpoint: async () => new URL(server.origin),
    warn: (text) => warnings.push(text),
    retries: options.retries ?? quickRetries(4),
    journal: options.journal,
  });
  return {
    server,
    client,
    warnings,
    scopes,
    repository: (access = 'pull') =>
      client.repository({ registry: options.registry ?? 'reg.example', repository: 'a/b', access }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** The real policy without its waits. */
export function quickRetries(
  retryTimes: number,
  onRetry: RetryOptions['onRetry'] = () => {},
): RetryPolicy {
  return createRetryPolicy({
    retryTimes,
    onRetry,
    maxWaitMs: 60_000,
    now: () => 0,
    random: () => 0,
    sleep: async () => {},
    pauses: createPauses(),
  });
}

/** No redirects, no retries, no authentication beyond one fixed header. */
export const plainClient: HttpClient = async (request) => {
  const message = await exchange(request);
  return {
    status: message.statusCode ?? 0,
    headers: parseRawHeaders(message.rawHeaders),
    url: request.url,
    body: message,
    discard: async () => {
      message.destroy();
    },
  };
};

async function exchange(request: HttpRequest): Promise<IncomingMessage> {
  request.signal?.throwIfAborted();
  const headers: Record<string, string> = { ...request.headers };
  if (request.auth !== undefined) headers['authorization'] = SECRET;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    headers['content-length'] = String(request.body?.length ?? 0);
  }
  return new Promise((resolve, reject) => {
    const { signal } = request;
    const outgoing = httpRequest(request.url, {
      method: request.method,
      headers,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on('response', resolve).on('error', (error) => {
      reject(signal?.aborted === true ? (signal.reason as Error) : error);
    });
    sendBody(request, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
}

async function sendBody(
  request: HttpRequest,
  outgoing: ReturnType<typeof httpRequest>,
): Promise<void> {
  if (request.body !== undefined) {
    for await (const chunk of await request.body.open()) outgoing.write(chunk);
  }
  outgoing.end();
}

export async function listAll<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  return (await Array.fromAsync(pages)).flat();
}

export async function bytesFrom(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, Dispatcher } from 'undici';
import type { HostPolicies } from '../config/types.ts';
import { AppError, wrapError } from '../errors/app-error.ts';
import { type Bytes, bytesOf, concat } from '../util/bytes.ts';
import type { ProxyRules } from '../config/proxy.ts';
import type { Agents, Timeouts } from './agents.ts';
import type { Connection } from './dialer.ts';
import { mergeHeaders, responseHeaders } from './headers.ts';
import { networkError, NetworkError } from './network-error.ts';
import { connectionOf, forwardRefusal, requestLine } from './route.ts';
import type { HttpClient, HttpRequest, HttpResponse, ResponseHeaders } from './types.ts';
import { createUpload, type Upload } from './upload.ts';

export interface SendOptions {
  readonly agents: Agents;
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  /** Called once per request that goes onto the wire. */
  readonly onRequest: () => void;
}

/** An unread answer up to this size is read away to keep its connection. */
const DISCARD_LIMIT = 64 * 1024;
const DISCARD_MS = 1000;
/** What is read of an answer that came before the request was complete. */
const EARLY_LIMIT = 64 * 1024;
const EARLY_MS = 5000;

/** Headers that belong to the connection and are written by undici. */
const CONNECTION_HEADERS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];

/** The bottom of the stack: one request on the wire, by undici. @throws NetworkError, AppError */
export function send(options: SendOptions): HttpClient {
  return async (request) => {
    request.signal?.throwIfAborted();
    return sendOnce(request, connectionOf(request, options.proxies), options);
  };
}

async function sendOnce(
  request: HttpRequest,
  connection: Connection,
  options: SendOptions,
): Promise<HttpResponse> {
  const { timeouts } = options;
  const agent = await options.agents.get(connection);
  const stalled = new AbortController();
  const upload =
    request.body === undefined || request.body.length === 0
      ? undefined
      : createUpload(request.body, timeouts.headersMs, () => stalled.abort(headersTimeout()));
  options.onRequest();
  let data: Dispatcher.ResponseData;
  try {
    data = await dispatch(agent, request, connection, options, upload, stalled);
    const refusal = forwardRefusal(connection, data.statusCode, headersIn(data));
    if (refusal !== undefined) {
      await discard(data.body);
      throw refusal;
    }
  } catch (error) {
    upload?.release();
    throw translate(error, request, upload);
  }
  if (upload === undefined) return responseOf(request, data, readBody(data.body, request));
  const early = !upload.finished();
  if (early) upload.hold();
  const body = early ? bytesOf(await readEarly(data.body)) : readBody(data.body, request);
  upload.release();
  return responseOf(request, data, body);
}

function dispatch(
  agent: Agent,
  request: HttpRequest,
  connection: Connection,
  options: SendOptions,
  upload: Upload | undefined,
  stalled: AbortController,
): Promise<Dispatcher.ResponseData> {
  const { url, method, signal } = request;
  const { origin, path, headers } = requestLine(url, connection);
  const signals = [signal, upload === undefined ? undefined : stalled.signal].filter(
    (one) => one !== undefined,
  );
  return agent.request({
    origin,
    path,
    method,
    headers: { ...headersOf(request, connection, options), ...headers },
    // undici reads any async iterable; its types name only streams.
    body: (upload?.chunks ?? null) as never,
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    responseHeaders: 'raw',
    // Registries answer HEAD rightly, and a copy asks it for every blob: keep the connection.
    reset: false,
    // While a body is sent the upload watches for stalls; a slow source is none.
    ...(upload === undefined ? {} : { headersTimeout: 0 }),
  });
}

function headersTimeout(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
}

function headersOf(
  request: HttpRequest,
  connection: Connection,
  options: SendOptions,
): Record<string, string> {
  const configured =
    request.auth === undefined ? undefined : options.policies(connection.host).headers;
  const headers = mergeHeaders(
    { 'user-agent': options.userAgent, accept: '*/*' },
    configured,
    request.headers,
    // A decoded body would match neither digest nor range.
    { 'accept-encoding': 'identity' },
  );
  for (const name of CONNECTION_HEADERS) delete headers[name];
  if (request.body !== undefined) headers['content-length'] = String(request.body.length);
  return headers;
}

/** The reason of an abort, the failure of the source, or a NetworkError. */
function translate(error: unknown, request: HttpRequest, upload?: Upload): unknown {
  if (request.signal?.aborted === true) return request.signal.reason;
  const failure = upload?.failure();
  if (
    failure instanceof NetworkError ||
    (failure !== undefined && !(failure instanceof AppError))
  ) {
    // Wrapped, so that a fault of the source is not taken for one of this connection and retried.
    return wrapError(failure, 'IO', 'the content to send could not be read');
  }
  if (error instanceof AppError) return error;
  return failure ?? networkError(error, request.url.host, request.url.protocol === 'http:');
}

async function* readBody(body: Dispatcher.ResponseData['body'], request: HttpRequest): Bytes {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    throw translate(error, request);
  }
}

function responseOf(
  request: HttpRequest,
  data: Dispatcher.ResponseData,
  body: Bytes,
): HttpResponse {
  return {
    status: data.statusCode,
    headers: headersIn(data),
    url: request.url,
    body,
    discard: () => discard(data.body),
  };
}

function headersIn(data: Dispatcher.ResponseData): ResponseHeaders {
  return responseHeaders(data.headers as unknown as string[]);
}

async function discard(body: Dispatcher.ResponseData['body']): Promise<void> {
  try {
    await body.dump({ limit: DISCARD_LIMIT, signal: AbortSignal.timeout(DISCARD_MS) });
  } catch {
    body.destroy();
  }
}

/** At most 64 KiB in at most 5 s, and whatever came before the connection broke. */
async function readEarly(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of body) {
      const part = (chunk as Uint8Array).subarray(0, EARLY_LIMIT - size);
      chunks.push(part);
      size += part.byteLength;
      if (size >= EARLY_LIMIT) return;
    }
  };
  const done = new AbortController();
  const late = delay(EARLY_MS, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([read().catch(() => undefined), late]);
  done.abort();
  body.destroy();
  return concat(chunks, size);
}

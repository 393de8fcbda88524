import { setTimeout as delay } from 'node:timers/promises';
import type { HostPolicies } from '../../config/hosts/types.ts';
import { AppError, wrapError } from '../../errors/app-error.ts';
import {
  type RedactSecrets,
  secretRedactor,
  secretsInAuthorization,
} from '../../errors/redact-secrets.ts';
import { type Bytes, bytesOf, concat } from '../../util/bytes.ts';
import type { ProxyRules } from '../../config/proxies/rules.ts';
import type { ConnectionPools, Timeouts, TransferClass } from './pools.ts';
import type { DialRoute } from '../dial/dialer.ts';
import { type RawResponse } from './types.ts';
import { timeoutError, TOO_SLOW } from '../error-codes.ts';
import { mergeHeaders, parseRawHeaders } from '../headers.ts';
import { networkError, NetworkError } from '../dial/network-error.ts';
import { type SpeedLimit, SpeedMonitor } from './speed-limit.ts';
import { dialRouteOf, forwardingError, requestTarget } from '../dial/route.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../types.ts';
import { createUploadBody, type UploadBody } from './upload-body.ts';

export interface SendOptions {
  readonly pools: ConnectionPools;
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  readonly now: () => number;
  /** Called once per request that goes onto the wire. */
  readonly onRequest: () => void;
}

/** An unread answer up to this size is drained to keep its connection. */
const DISCARD_LIMIT = 64 * 1024;
const DISCARD_MS = 1000;
/** Limit for an answer that arrives before the request is complete. */
const EARLY_LIMIT = 64 * 1024;
const EARLY_MS = 5000;

/** Headers that belong to the connection and are written by the HTTP client. */
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

/** The lowest layer: sends one request. @throws NetworkError, AppError */
export function send(options: SendOptions): HttpClient {
  return async (request) => {
    request.signal?.throwIfAborted();
    return sendOnce(request, dialRouteOf(request, options.proxies), options);
  };
}

async function sendOnce(
  request: HttpRequest,
  route: DialRoute,
  options: SendOptions,
): Promise<HttpResponse> {
  const upload = uploadOf(request, options);
  const uploadBody = upload?.body;
  const configured = request.auth === undefined ? {} : options.policies(route.host).headers;
  const headers = headersOf(request, route, configured, options.userAgent);
  const conceal = secretRedactor([
    ...secretsInAuthorization(headers['authorization']),
    ...secretsInAuthorization(headers['proxy-authorization']),
    ...Object.values(configured),
  ]);
  options.onRequest();
  let answer: RawResponse;
  try {
    answer = await dispatch(request, route, headers, options, upload);
    const refusal = forwardingError(route, answer.status, parseRawHeaders(answer.rawHeaders));
    if (refusal !== undefined) {
      await discardBody(answer);
      throw refusal;
    }
  } catch (error) {
    uploadBody?.release();
    throw toThrown(error, request, uploadBody);
  }
  const read = (): Bytes => readBody(answer, request, options);
  if (uploadBody === undefined) return responseOf(request, answer, read(), conceal);
  const early = !uploadBody.finished();
  if (early) uploadBody.hold();
  const body = early ? bytesOf(await readEarlyResponse(answer)) : read();
  uploadBody.release();
  return responseOf(request, answer, body, conceal);
}

/** Both classes behave the same; they differ in startup cost and cost per byte. */
function transferClassOf({ large }: HttpRequest): TransferClass {
  return large === true ? 'large' : 'api';
}

interface Upload {
  readonly body: UploadBody;
  /** Aborts when the server takes the body too slowly. */
  readonly stalled: AbortSignal;
}

function uploadOf({ body }: HttpRequest, options: SendOptions): Upload | undefined {
  if (body === undefined || body.length === 0) return undefined;
  const { timeouts, now } = options;
  const stalled = new AbortController();
  const uploadBody = createUploadBody(body, {
    ...speedLimitOf(options),
    stallMs: timeouts.headersMs,
    slowestLink: timeouts.slowestLink,
    now,
    onStall: (code) => stalled.abort(timeoutError(code)),
  });
  return { body: uploadBody, stalled: stalled.signal };
}

async function dispatch(
  request: HttpRequest,
  route: DialRoute,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
  upload: Upload | undefined,
): Promise<RawResponse> {
  const { url, method, signal } = request;
  const { origin, path } = requestTarget(url, route);
  const { headersMs, idleMs, firstByteMs } = options.timeouts;
  const exchange = await options.pools.get(route, new URL(origin), transferClassOf(request));
  // The signal is not observed while a client is being loaded.
  signal?.throwIfAborted();
  return exchange({
    method,
    path,
    headers,
    body: upload?.body.chunks,
    signals: [signal, upload?.stalled].filter((one) => one !== undefined),
    headersMs: request.blob === true ? firstByteMs : headersMs,
    idleMs,
    firstByteMs: request.blob === true ? firstByteMs : idleMs,
    reuseChunks: request.reuseChunks,
  });
}

function headersOf(
  request: HttpRequest,
  route: DialRoute,
  configured: Readonly<Record<string, string>>,
  userAgent: string,
): Record<string, string> {
  const headers = mergeHeaders(
    { 'user-agent': userAgent, accept: '*/*' },
    configured,
    request.headers,
    // A decoded body would not match its digest or range.
    { 'accept-encoding': 'identity' },
  );
  for (const name of CONNECTION_HEADERS) delete headers[name];
  if (request.body !== undefined) headers['content-length'] = String(request.body.length);
  return { host: request.url.host, ...headers, ...requestTarget(request.url, route).headers };
}

/** The reason of an abort, the failure of the source, or a NetworkError. */
function toThrown(error: unknown, request: HttpRequest, uploadBody?: UploadBody): unknown {
  if (request.signal?.aborted === true) return request.signal.reason;
  const failure = uploadBody?.failure();
  if (
    failure instanceof NetworkError ||
    (failure !== undefined && !(failure instanceof AppError))
  ) {
    // Wrapped, so that a source error is not taken for a connection error and retried.
    return wrapError(failure, 'IO', 'the content to send could not be read');
  }
  if (error instanceof AppError) return error;
  return failure ?? networkError(error, request.url.host, request.url.protocol === 'http:');
}

function speedLimitOf({ timeouts }: SendOptions): SpeedLimit {
  return { minSpeed: timeouts.minSpeed, windowMs: timeouts.speedWindowMs };
}

async function* readBody(answer: RawResponse, request: HttpRequest, options: SendOptions): Bytes {
  const { now } = options;
  const monitor = new SpeedMonitor(speedLimitOf(options));
  let from = now();
  // The wait for a blob's first byte does not count as slow speed.
  let isCounted = request.blob !== true;
  try {
    for await (const chunk of answer.body) {
      const waitedMs = isCounted ? now() - from : 0;
      isCounted = true;
      // Leaving the loop closes the connection.
      if (monitor.isSlow(chunk.byteLength, waitedMs)) throw timeoutError(TOO_SLOW);
      yield chunk;
      from = now();
    }
  } catch (error) {
    throw toThrown(error, request);
  }
}

function responseOf(
  request: HttpRequest,
  answer: RawResponse,
  body: Bytes,
  redactSecrets: RedactSecrets,
): HttpResponse {
  return {
    status: answer.status,
    headers: parseRawHeaders(answer.rawHeaders),
    url: request.url,
    body,
    discard: () => discardBody(answer),
    redactSecrets,
  };
}

function discardBody(answer: RawResponse): Promise<void> {
  return answer.discard(DISCARD_LIMIT, DISCARD_MS);
}

/** Reads at most 64 KiB in at most 5 s, including what came before the connection broke. */
async function readEarlyResponse(answer: RawResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of answer.body) {
      const part = chunk.subarray(0, EARLY_LIMIT - size);
      chunks.push(part);
      size += part.byteLength;
      if (size >= EARLY_LIMIT) return;
    }
  };
  const done = new AbortController();
  const late = delay(EARLY_MS, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([read().catch(() => undefined), late]);
  done.abort();
  answer.destroy();
  return concat(chunks, size);
}

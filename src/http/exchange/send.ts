import { setTimeout as delay } from 'node:timers/promises';
import type { HostPolicies } from '../../config/hosts/types.ts';
import { AppError, wrapError } from '../../errors/app-error.ts';
import { type Conceal, concealer, secretsIn } from '../../errors/redact-secrets.ts';
import { type Bytes, bytesOf, concat } from '../../util/bytes.ts';
import type { ProxyRules } from '../../config/proxies/rules.ts';
import type { Agents, Lane, Timeouts } from './pools.ts';
import type { Connection } from '../dial/dialer.ts';
import { type Incoming, timeout, TOO_SLOW } from './types.ts';
import { mergeHeaders, responseHeaders } from '../headers.ts';
import { networkError, NetworkError } from '../dial/network-error.ts';
import { Pace, type PaceLimit } from './speed-limit.ts';
import { connectionOf, forwardRefusal, requestLine } from '../dial/route.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../types.ts';
import { createUpload, type Upload } from './upload-body.ts';

export interface SendOptions {
  readonly agents: Agents;
  readonly policies: HostPolicies;
  readonly proxies: ProxyRules;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  readonly now: () => number;
  /** Called once per request that goes onto the wire. */
  readonly onRequest: () => void;
}

/** An unread answer up to this size is read away to keep its connection. */
const DISCARD_LIMIT = 64 * 1024;
const DISCARD_MS = 1000;
/** What is read of an answer that came before the request was complete. */
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

/** The bottom of the stack: one request on the wire. @throws NetworkError, AppError */
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
  const stalled = new AbortController();
  const upload =
    request.body === undefined || request.body.length === 0
      ? undefined
      : createUpload(request.body, {
          ...paceOf(options),
          stallMs: options.timeouts.headersMs,
          slowestLink: options.timeouts.slowestLink,
          now: options.now,
          onStall: (code) => stalled.abort(timeout(code)),
        });
  const configured = request.auth === undefined ? {} : options.policies(connection.host).headers;
  const headers = headersOf(request, connection, configured, options.userAgent);
  const conceal = concealer([
    ...secretsIn(headers['authorization']),
    ...secretsIn(headers['proxy-authorization']),
    ...Object.values(configured),
  ]);
  options.onRequest();
  let answer: Incoming;
  try {
    answer = await dispatch(request, connection, headers, options, upload, stalled.signal);
    const refusal = forwardRefusal(connection, answer.status, responseHeaders(answer.rawHeaders));
    if (refusal !== undefined) {
      await discard(answer);
      throw refusal;
    }
  } catch (error) {
    upload?.release();
    throw translate(error, request, upload);
  }
  const read = (): Bytes => readBody(answer, request, options);
  if (upload === undefined) return responseOf(request, answer, read(), conceal);
  const early = !upload.finished();
  if (early) upload.hold();
  const body = early ? bytesOf(await readEarly(answer)) : read();
  upload.release();
  return responseOf(request, answer, body, conceal);
}

/** Both lanes do the same; they differ in what a start and a byte cost. */
function laneOf({ bulk }: HttpRequest): Lane {
  return bulk === true ? 'bulk' : 'api';
}

async function dispatch(
  request: HttpRequest,
  connection: Connection,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
  upload: Upload | undefined,
  stalled: AbortSignal,
): Promise<Incoming> {
  const { url, method, signal } = request;
  const { origin, path } = requestLine(url, connection);
  const { headersMs, idleMs } = options.timeouts;
  const exchange = await options.agents.get(connection, new URL(origin), laneOf(request));
  // It is not listened to while a lane is being loaded.
  signal?.throwIfAborted();
  return exchange({
    method,
    path,
    headers,
    body: upload?.chunks,
    signals: signal === undefined ? [stalled] : [signal, stalled],
    headersMs,
    idleMs,
  });
}

function headersOf(
  request: HttpRequest,
  connection: Connection,
  configured: Readonly<Record<string, string>>,
  userAgent: string,
): Record<string, string> {
  const headers = mergeHeaders(
    { 'user-agent': userAgent, accept: '*/*' },
    configured,
    request.headers,
    // A decoded body would match neither digest nor range.
    { 'accept-encoding': 'identity' },
  );
  for (const name of CONNECTION_HEADERS) delete headers[name];
  if (request.body !== undefined) headers['content-length'] = String(request.body.length);
  return { host: request.url.host, ...headers, ...requestLine(request.url, connection).headers };
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

function paceOf({ timeouts }: SendOptions): PaceLimit {
  return { minSpeed: timeouts.minSpeed, windowMs: timeouts.paceMs };
}

async function* readBody(answer: Incoming, request: HttpRequest, options: SendOptions): Bytes {
  const { now } = options;
  const pace = new Pace(paceOf(options));
  let from = now();
  try {
    for await (const chunk of answer.body) {
      // Leaving the loop lets go of the connection.
      if (pace.isSlow(chunk.byteLength, now() - from)) throw timeout(TOO_SLOW);
      yield chunk;
      from = now();
    }
  } catch (error) {
    throw translate(error, request);
  }
}

function responseOf(
  request: HttpRequest,
  answer: Incoming,
  body: Bytes,
  conceal: Conceal,
): HttpResponse {
  return {
    status: answer.status,
    headers: responseHeaders(answer.rawHeaders),
    url: request.url,
    body,
    discard: () => discard(answer),
    conceal,
  };
}

function discard(answer: Incoming): Promise<void> {
  return answer.discard(DISCARD_LIMIT, DISCARD_MS);
}

/** At most 64 KiB in at most 5 s, and whatever came before the connection broke. */
async function readEarly(answer: Incoming): Promise<Uint8Array> {
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

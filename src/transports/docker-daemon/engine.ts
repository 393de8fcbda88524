import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseRawHeaders } from '../../http/headers.ts';
import { errorMessageOf } from '../../http/error-words.ts';
import { nodePool } from '../../http/exchange/node.ts';
import type { RawResponse } from '../../http/exchange/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect, type Bytes } from '../../util/bytes.ts';
import { asRecord } from '../../util/json.ts';
import { engineFailure } from '../engine-failure.ts';
import type { EngineContext } from '../types.ts';
import { createDaemonDialer, daemonError, speaksTls } from './dial.ts';
import { findDaemon, type DaemonEndpoint } from './endpoint.ts';

/** The newest Engine API version that this client was written for. */
const OUR_VERSION = '1.51';

/** A daemon packs or unpacks a large image before it answers, so the timeout is long. */
const PATIENCE_MS = 30 * 60_000;
const PING_MS = 30_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export interface EngineRequest extends CallOptions {
  readonly method: string;
  /** Path after the version, such as "/images/json". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent with chunked encoding. */
  readonly body?: Bytes | undefined;
}

/** A client for the Engine API of one daemon. */
export interface Engine extends AsyncDisposable {
  /** The daemon's address and origin, for messages. */
  readonly endpoint: DaemonEndpoint;
  /**
   * Returns the response, whatever its status.
   * @throws AppError NETWORK, TIMEOUT, TLS, CONFIG_INVALID
   */
  send(request: EngineRequest): Promise<RawResponse>;
  /** Returns a JSON response; undefined for 404. @throws AppError ENGINE_ERROR, and as `send` */
  json(path: string, options?: CallOptions): Promise<unknown>;
}

/**
 * Finds the daemon and uses the lower of both API versions; `DOCKER_API_VERSION` overrides it.
 * Nothing is sent before the first request.
 * @throws AppError CONFIG_INVALID
 */
export async function openEngine(engines: EngineContext): Promise<Engine> {
  const endpoint = await findDaemon(engines);
  const dialer = createDaemonDialer(endpoint, engines);
  const pool = nodePool(dialer.dial, { protocol: 'http:', hostname: 'docker', port: '' });
  let prefix: Promise<string> | undefined;

  const exchange = async (
    path: string,
    { method, headers, body, signal }: EngineRequest,
    headersMs = PATIENCE_MS,
  ): Promise<RawResponse> => {
    try {
      return await pool.exchange({
        method,
        path,
        headers: { host: 'docker', 'user-agent': 'regctl', ...headers },
        body,
        signals: signal === undefined ? [] : [signal],
        headersMs,
        firstByteMs: PATIENCE_MS,
        idleMs: PATIENCE_MS,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw daemonError(await dialer.causeOf(error), endpoint);
    }
  };
  const negotiate = async (options: CallOptions): Promise<string> => {
    const asked = engines.env['DOCKER_API_VERSION'] ?? '';
    if (asked !== '') return `/v${versionIn(asked)}`;
    const ping = await exchange('/_ping', { method: 'GET', path: '', ...options }, PING_MS);
    const theirs = parseRawHeaders(ping.rawHeaders).get('api-version');
    if (ping.status === 400) {
      if ((await textOf(ping)).includes('to an HTTPS server')) throw speaksTls(endpoint);
    } else await ping.discard(MAX_ANSWER_BYTES, PING_MS);
    if (theirs === undefined || !/^\d+\.\d+$/u.test(theirs)) return '';
    return `/v${lower(theirs, OUR_VERSION)}`;
  };
  const send = async (request: EngineRequest): Promise<RawResponse> => {
    prefix ??= negotiate({ signal: request.signal });
    prefix.catch(() => (prefix = undefined));
    return exchange(`${await prefix}${request.path}`, request);
  };
  return {
    endpoint,
    send,
    async json(path, options) {
      const answer = await send({ method: 'GET', path, ...options });
      const text = await textOf(answer);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refusal(endpoint, `GET ${path}`, answer.status, text);
      return JSON.parse(text) as unknown;
    },
    async [Symbol.asyncDispose]() {
      pool.destroy();
      await dialer[Symbol.asyncDispose]();
    },
  };
}

/** @throws AppError CONFIG_INVALID */
function versionIn(asked: string): string {
  const version = /^v?(\d+\.\d+)$/u.exec(asked)?.[1];
  if (version !== undefined) return version;
  throw new AppError(
    'CONFIG_INVALID',
    `cannot use DOCKER_API_VERSION: "${sanitize(asked)}" is not a version`,
    { hint: 'Unset it, or write a version that the daemon speaks: DOCKER_API_VERSION=1.41' },
  );
}

function lower(a: string, b: string): string {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor) ? a : b;
}

/** Reads a response as text. @throws the error of the connection */
export async function textOf(answer: RawResponse): Promise<string> {
  const bytes = await collect(
    answer.body,
    MAX_ANSWER_BYTES,
    () => new AppError('RESPONSE_TOO_LARGE', 'the answer of the daemon is larger than 8 MiB'),
  );
  return Buffer.from(bytes).toString('utf8');
}

export const DISK_USAGE = 'docker system df';
export const SEE_LOG = 'Its log says more: journalctl -u docker';

/** The error for a rejected request, with the daemon's own message. */
export function refusal(
  { address }: DaemonEndpoint,
  what: string,
  status: number,
  text: string,
): AppError {
  const words = errorMessageOf(Buffer.from(text)) ?? 'without a word';
  // podman gives the reason in a second member.
  const cause = causeOf(text);
  const why = cause === undefined || words.includes(cause) ? words : `${words}: ${cause}`;
  const isVersion = status === 400 && /client version|API version/u.test(words);
  return engineFailure({
    what: `the Docker daemon at ${address} refused ${what} (${status})`,
    words: why,
    text,
    usage: DISK_USAGE,
    hint: isVersion ? 'Name a version that it speaks: DOCKER_API_VERSION=1.41' : SEE_LOG,
  });
}

function causeOf(text: string): string | undefined {
  try {
    const cause = asRecord(JSON.parse(text))['cause'];
    return typeof cause === 'string' && cause !== '' ? sanitize(cause.slice(0, 300)) : undefined;
  } catch {
    return undefined;
  }
}

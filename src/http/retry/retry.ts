import { bytesOf, type Bytes, ByteBuffer } from '../../util/bytes.ts';
import { NetworkError } from '../dial/network-error.ts';
import { type RetryPolicy, withAttempts } from './policy.ts';
import type { HttpClient, HttpRequest, HttpResponse, Middleware } from '../types.ts';

/** Maximum of a `bufferBody` answer that is read within the try; a longer one is streamed. */
const BUFFER_LIMIT = 4 * 1024 * 1024;

/**
 * Retries requests that may be sent twice. A final 5xx is returned, with the number of tries, and
 * the caller words the error.
 * @throws AppError RATE_LIMITED; NetworkError, with the number of tries
 */
export function retry(retries: RetryPolicy): Middleware {
  return (next) => async (request) => {
    if (!isRetryable(request)) return next(request);
    const state = retries(request.signal);
    for (;;) {
      const outcome = await tryOnce(next, request);
      if (await state.shouldRetry(outcome)) continue;
      if (outcome instanceof NetworkError) throw withAttempts(outcome, state);
      return state.failed > 1 ? { ...outcome, attempts: state.failed } : outcome;
    }
  };
}

/** PATCH advances an upload; its caller asks for the offset before it continues. */
export function isRetryable(request: HttpRequest): boolean {
  return request.idempotent ?? request.method !== 'PATCH';
}

async function tryOnce(
  next: HttpClient,
  request: HttpRequest,
): Promise<HttpResponse | NetworkError> {
  try {
    const response = await next(request);
    return request.bufferBody === true && response.status === 200
      ? await bufferBody(response)
      : response;
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
}

/** Reads a small body as one piece, so that an interruption is a failed try. */
async function bufferBody(response: HttpResponse): Promise<HttpResponse> {
  const rest = response.body[Symbol.asyncIterator]();
  const gathered = new ByteBuffer();
  while (gathered.size <= BUFFER_LIMIT) {
    const { value, done } = await rest.next();
    if (done === true) return { ...response, body: bytesOf(gathered.bytes()) };
    gathered.add(value);
  }
  return { ...response, body: prepend(gathered.bytes(), rest) };
}

async function* prepend(first: Uint8Array, rest: AsyncIterator<Uint8Array>): Bytes {
  try {
    yield first;
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}

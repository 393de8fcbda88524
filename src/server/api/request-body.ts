import type { IncomingMessage } from 'node:http';
import { freeBuffer, type Bytes } from '../../util/bytes.ts';
import { ProtocolError } from '../protocol-error.ts';

/**
 * The body, of which `count` gets the bytes as they arrive. A chunk is freed when the next is asked
 * for: the garbage collector would run for every 64 MiB. Stopping early keeps the connection open,
 * so that the client gets the response. Reading throws ProtocolError SIZE_INVALID above `limit`.
 */
export async function* meteredBody(
  request: IncomingMessage,
  limit: number | undefined,
  count: (bytes: number) => void,
): Bytes {
  let left = limit ?? Infinity;
  if ((contentLength(request) ?? 0) > left) throw tooLarge(left);
  const chunks: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    count(chunk.byteLength);
    left -= chunk.byteLength;
    if (left < 0) throw tooLarge(limit ?? Infinity);
    yield chunk;
    freeBuffer(chunk);
  }
}

function tooLarge(limit: number): ProtocolError {
  return new ProtocolError('SIZE_INVALID', `this registry takes at most ${limit} bytes at once`, {
    status: 413,
  });
}

/** `Content-Length` in bytes; `undefined` for a chunked body, 0 without a body. */
export function contentLength(request: IncomingMessage): number | undefined {
  if (request.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(request.headers['content-length'] ?? 0);
}

/** Passes on `length` bytes. @throws ProtocolError SIZE_INVALID if there are fewer or more */
export async function* requireLength(bytes: Bytes, length: number): Bytes {
  let left = length;
  for await (const chunk of bytes) {
    if (chunk.byteLength > left) {
      if (left > 0) yield chunk.subarray(0, left);
      throw wrongLength(length);
    }
    left -= chunk.byteLength;
    yield chunk;
  }
  if (left > 0) throw wrongLength(length);
}

function wrongLength(length: number): ProtocolError {
  return new ProtocolError('SIZE_INVALID', `the body does not have the ${length} bytes announced`);
}

/** Maximum number of bytes of an unwanted body that are read to keep a connection usable. */
const MAX_DRAIN = 8 * 1024 * 1024;

/**
 * Reads and discards the rest of a body after an early response: closing at once would reset the
 * connection before the client has read the response. Disconnects a body above `MAX_DRAIN`.
 */
export function drain(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let left = MAX_DRAIN;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.byteLength;
    if (left < 0) request.destroy();
  });
  request.resume();
}

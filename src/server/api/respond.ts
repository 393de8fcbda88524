import type { ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { causeOf, isNoSpace } from '../../util/errno.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Reply } from './call.ts';
import { ProtocolError } from '../protocol-error.ts';
import { DamagedContentError } from '../storage/damage.ts';

/** Sent completely; `left`: the client disconnected first; `cut`: the body failed midway. */
export interface SendOutcome {
  readonly kind: 'sent' | 'left' | 'cut';
  /** Bytes of the body that were sent, or given to the network. */
  readonly bytes: number;
  readonly failure?: unknown;
}

/**
 * Writes a reply; never rejects. If a body fails after the head was sent, disconnects: an error
 * response could only follow inside the body.
 */
export async function respond(
  response: ServerResponse,
  method: string | undefined,
  reply: Reply,
): Promise<SendOutcome> {
  const { body } = reply;
  let failure: unknown;
  let bytes = 0;
  const watched = async function* (chunks: Bytes): Bytes {
    try {
      for await (const chunk of chunks) {
        yield chunk;
        bytes += chunk.byteLength;
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  try {
    // A pipeline into a response that was closed before never ends.
    if (response.destroyed) throw new Error('the client left');
    response.writeHead(reply.status, {
      'Docker-Distribution-Api-Version': 'registry/2.0',
      'X-Content-Type-Options': 'nosniff',
      ...reply.headers,
    });
    if (method === 'HEAD' || body === undefined) await end(response);
    else if (body instanceof Uint8Array) {
      await end(response, body);
      bytes = body.byteLength;
    } else await pipeline(watched(body), response);
    return { kind: 'sent', bytes };
  } catch {
    response.destroy();
    // Of a client that left before the first chunk, nothing was read that would close the file.
    if (body !== undefined && !(body instanceof Uint8Array)) await letGo(body);
    // A client may leave as soon as it has the announced length.
    const isWhole = bytes > 0 && String(bytes) === reply.headers?.['Content-Length'];
    if (isWhole && failure === undefined) return { kind: 'sent', bytes };
    return failure === undefined ? { kind: 'left', bytes } : { kind: 'cut', bytes, failure };
  }
}

async function letGo(body: Bytes): Promise<void> {
  await body[Symbol.asyncIterator]()
    .return?.()
    .catch(() => undefined);
}

/** @throws if the connection ends before everything is written */
async function end(response: ServerResponse, body?: Uint8Array): Promise<void> {
  const done = finished(response);
  response.end(body);
  await done;
}

/** JSON of distribution-spec v1.1.1 "Error Codes"; hides the message of any other error. */
export function errorReply(error: unknown): Reply {
  const { code, message, status, headers, detail } =
    error instanceof ProtocolError ? error : failureOf(error);
  const entry = { code, message, ...(detail === undefined ? {} : { detail }) };
  const body = Buffer.from(JSON.stringify({ errors: [entry] }));
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      ...headers,
      'Content-Length': String(body.byteLength),
    },
    body,
  };
}

/** Names a full disk, so that clients do not retry (RFC 4918 section 11.5), and damage. */
function failureOf(error: unknown): ProtocolError {
  if (isNoSpace(error)) {
    const message = `the registry cannot store this: ${causeOf(error)}`;
    return new ProtocolError('UNKNOWN', message, { status: 507 });
  }
  if (error instanceof DamagedContentError) return new ProtocolError('UNKNOWN', error.message);
  return new ProtocolError('UNKNOWN', 'the registry failed to handle the request');
}

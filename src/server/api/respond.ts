import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './call.ts';
import { ProtocolError } from '../protocol-error.ts';

/** Writes a reply. When a body breaks off after the head was sent, the connection is cut: never two answers in one. */
export async function respond(
  response: ServerResponse,
  method: string | undefined,
  reply: Reply,
): Promise<void> {
  const { body } = reply;
  response.writeHead(reply.status, {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
    ...reply.headers,
  });
  if (method === 'HEAD' || body === undefined) response.end();
  else if (body instanceof Uint8Array) response.end(body);
  else await pipeline(body, response);
}

/** The spec's JSON form (distribution-spec v1.1.1 "Error Codes"); what is no ProtocolError stays unnamed. */
export function errorReply(error: unknown): Reply {
  const { code, message, status, headers, detail } =
    error instanceof ProtocolError
      ? error
      : new ProtocolError('UNKNOWN', 'the registry failed to handle the request');
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

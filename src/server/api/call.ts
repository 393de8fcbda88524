import type { IncomingMessage } from 'node:http';
import { digestProblem, type Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';
import { isRepositoryName, type RepositoryName } from '../names.ts';
import type { Action } from '../access/rules.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Storage } from '../storage/types.ts';

/** A request as a handler receives it. */
export interface Call {
  readonly request: IncomingMessage;
  /** The body, counted and limited; can be read once. Each chunk is valid until the next one. */
  readonly body: Bytes;
  /** Named groups of the route's pattern, percent-decoded, not yet validated. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly storage: Storage;
  /** Whether the caller may do this in another repository too. */
  readonly allows: (action: Action, repository: string) => boolean;
}

/** A handler's response; the dispatcher writes it, without the body if the method is HEAD. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | Bytes;
}

/** Answers a call. */
export type Handler = (call: Call) => Promise<Reply>;

/** @throws ProtocolError NAME_INVALID */
export function repositoryOf(call: Call): RepositoryName {
  const name = call.params['name'] ?? '';
  if (isRepositoryName(name)) return name;
  throw new ProtocolError('NAME_INVALID', 'invalid repository name', { detail: { name } });
}

/** @throws ProtocolError DIGEST_INVALID */
export function validDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem === undefined) return text as Digest;
  throw new ProtocolError('DIGEST_INVALID', problem, { detail: { digest: text.slice(0, 200) } });
}

export function jsonReply(value: unknown, headers: Reply['headers'] = {}): Reply {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/json',
      ...headers,
      'Content-Length': String(body.byteLength),
    },
    body,
  };
}

/** Whether the client of a conditional GET or HEAD has the content (RFC 9110 section 13.1.2). */
export function isNotModified(request: IncomingMessage, digest: Digest): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//u, '');
    return tag === '*' || tag === `"${digest}"`;
  });
}

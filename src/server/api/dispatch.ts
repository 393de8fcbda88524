import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireBasicAuth, type VerifyPassword } from './basic-auth.ts';
import type { Reply } from './call.ts';
import { refuseStrangers, type CallerRules } from './callers.ts';
import { ProtocolError } from '../protocol-error.ts';
import { drain } from './request-body.ts';
import { errorReply, respond } from './respond.ts';
import { matchRoute, type Effect, type Match } from './routes.ts';
import type { Storage } from '../storage/types.ts';

export interface RequestEntry {
  readonly method: string;
  /** Path with query, exactly as sent: sanitize before printing. */
  readonly url: string;
  /** Status of the complete response; 499 if the client disconnected before its end. */
  readonly status: number;
  /** The server's own failure: set for every 5xx and for a response that was cut short. */
  readonly failure?: unknown;
}

export interface RegistryOptions {
  readonly storage: Storage;
  readonly basicAuth?: VerifyPassword | undefined;
  /** Callers to refuse before any other check. Default: none. */
  readonly callers?: CallerRules | undefined;
  /** Answers 405 to every write and delete. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Whether tags, manifests and blobs can be deleted. Default: true. */
  readonly allowDelete?: boolean | undefined;
  /** Called once for each request, after its response was sent or failed. */
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}

/** Handles one request; never rejects. */
export async function dispatch(
  options: RegistryOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request;
  let failure: unknown;
  request.on('error', ignore);
  response.on('error', ignore);
  const reply = await answer(options, request, response).catch((error: unknown) => {
    // A request body that the client broke off is not a failure of the server.
    if (!(error instanceof ProtocolError) && error !== request.errored) failure = error;
    return errorReply(error);
  });
  drain(request);
  const outcome = await respond(response, method, reply);
  failure ??= outcome.failure;
  const status = outcome.kind === 'left' ? 499 : reply.status;
  options.onRequest?.({ method, url, status, ...(failure === undefined ? {} : { failure }) });
}

/** Handlers see a broken socket as a body that throws, so the event needs no other listener. */
function ignore(): void {}

async function answer(
  options: RegistryOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply> {
  if (options.callers !== undefined) refuseStrangers(request, options.callers);
  if (options.basicAuth !== undefined) await requireBasicAuth(request, response, options.basicAuth);
  const { path, query } = parseTarget(request.url ?? '');
  const match = matchRoute(path);
  if (match === undefined) {
    throw new ProtocolError('UNSUPPORTED', 'no such endpoint', { status: 404 });
  }
  const endpoint = match.methods[request.method ?? ''];
  if (endpoint === undefined) throw methodNotAllowed(match);
  checkAllowed(options, endpoint.effect);
  return endpoint.run({ request, params: match.params, query, storage: options.storage });
}

/** Splits a request target into decoded path and query. @throws ProtocolError NAME_INVALID */
function parseTarget(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  try {
    return {
      path: decodeURIComponent(path),
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    };
  } catch {
    throw new ProtocolError('NAME_INVALID', 'the path is not valid percent-encoding');
  }
}

function methodNotAllowed(match: Match): ProtocolError {
  return new ProtocolError('UNSUPPORTED', 'the method is not supported here', {
    headers: { Allow: Object.keys(match.methods).join(', ') },
  });
}

function checkAllowed(options: RegistryOptions, effect: Effect): void {
  if (effect !== 'read' && options.readOnly === true) {
    throw new ProtocolError('UNSUPPORTED', 'the registry is read-only');
  }
  if (effect === 'delete' && options.allowDelete === false) {
    throw new ProtocolError('UNSUPPORTED', 'deleting is switched off');
  }
}

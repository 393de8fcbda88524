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
  /** What was sent, in full; 499 when the client left before that. */
  readonly status: number;
  /** What failed here, not in the request: with every 5xx, and with an answer that broke off. */
  readonly failure?: unknown;
}

export interface RegistryOptions {
  readonly storage: Storage;
  readonly basicAuth?: VerifyPassword | undefined;
  /** Whom to refuse before anything else. Default: nobody. */
  readonly callers?: CallerRules | undefined;
  /** Answers 405 to everything that writes or deletes. Default false. */
  readonly readOnly?: boolean | undefined;
  /** One switch for tags, manifests and blobs. Default true. */
  readonly allowDelete?: boolean | undefined;
  /** Called once for each request, when its answer has been sent or cannot be. */
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
    // A body whose connection broke is the client's affair.
    if (!(error instanceof ProtocolError) && error !== request.errored) failure = error;
    return errorReply(error);
  });
  drain(request);
  const outcome = await respond(response, method, reply);
  failure ??= outcome.failure;
  const status = outcome.kind === 'left' ? 499 : reply.status;
  options.onRequest?.({ method, url, status, ...(failure === undefined ? {} : { failure }) });
}

/** A broken socket is the client's affair; the handlers see it as a body that throws. */
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

/** Path (percent-decoded) and query of a request target. @throws ProtocolError NAME_INVALID */
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

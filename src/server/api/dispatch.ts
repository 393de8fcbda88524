import type { IncomingMessage, ServerResponse } from 'node:http';
import { loginRequired, userOf, type VerifyPassword } from '../access/basic-auth.ts';
import { refuseStrangers, type CallerRules } from '../access/callers.ts';
import type { RateLimit } from '../access/rate.ts';
import type { AccessRules, Action } from '../access/rules.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Storage } from '../storage/types.ts';
import type { Handler, Reply } from './call.ts';
import { drain, meteredBody } from './request-body.ts';
import { errorReply, respond } from './respond.ts';
import { matchRoute, type Effect, type Match } from './routes.ts';

/** A request that was answered, for logs and metrics. */
export interface RequestEntry {
  readonly method: string;
  /** Path with query, exactly as sent: sanitize before printing. */
  readonly url: string;
  /** Status of the complete response; 499 if the client disconnected before its end. */
  readonly status: number;
  /** The server's own failure: set for every 5xx and for a response that was cut short. */
  readonly failure?: unknown;
  /** The endpoint under distribution's name; `undefined` if there is none. */
  readonly handler: string | undefined;
  /** As sent, not validated. */
  readonly repository: string | undefined;
  readonly user: string | undefined;
  readonly remote: string | undefined;
  readonly userAgent: string | undefined;
  /** Milliseconds from the head of the request to the end of the response. */
  readonly elapsed: number;
  /** Bytes of the bodies. */
  readonly received: number;
  readonly sent: number;
}

/** A page outside of `/v2/`. */
export interface Page {
  /** What answers a request. */
  readonly reply: () => Promise<Reply>;
  /** Answers before any check of the caller, also to a probe that knows no login. */
  readonly isPublic: boolean;
}

export interface RegistryOptions {
  readonly storage: Storage;
  readonly basicAuth?: VerifyPassword | undefined;
  /** The rules in force; without `basicAuth`, everyone is anonymous. Default: everything is allowed. */
  readonly rules?: (() => AccessRules | undefined) | undefined;
  /** Callers to refuse before any other check. Default: none. */
  readonly callers?: CallerRules | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Maximum bytes of a request body. Default: no limit. */
  readonly maxBody?: number | undefined;
  /** Replaces the endpoint of a route, by its name: a proxy answers for its upstreams. */
  readonly endpoints?: ((route: string, effect: Effect) => Handler | undefined) | undefined;
  /** By path: "/healthz". */
  readonly pages?: ReadonlyMap<string, Page> | undefined;
  /** Answers 405 to every write and delete. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Whether tags, manifests and blobs can be deleted. Default: true. */
  readonly allowDelete?: boolean | undefined;
  /** Called when a request arrives. */
  readonly onStart?: ((handler: string | undefined) => void) | undefined;
  /** Called once for each request, after its response was sent or failed. */
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}

/** What is known about a request by the time it is answered. */
interface Facts {
  user: string | undefined;
  received: number;
}

interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly match: Match | undefined;
}

/** Handles one request; never rejects. */
export async function dispatch(
  options: RegistryOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const begun = performance.now();
  const { method = '', url = '' } = request;
  const remote = request.socket.remoteAddress;
  const facts: Facts = { user: undefined, received: 0 };
  const target = parseTarget(url);
  const handler = target?.match?.name;
  options.onStart?.(handler);
  let failure: unknown;
  request.on('error', ignore);
  response.on('error', ignore);
  const reply = await answer(options, { request, response, target, facts }).catch(
    (error: unknown) => {
      // A request body that the client broke off is not a failure of the server.
      if (!(error instanceof ProtocolError) && error !== request.errored) failure = error;
      return errorReply(error);
    },
  );
  drain(request);
  const outcome = await respond(response, method, reply);
  failure ??= outcome.failure;
  options.onRequest?.({
    method,
    url,
    status: outcome.kind === 'left' ? 499 : reply.status,
    ...(failure === undefined ? {} : { failure }),
    handler,
    repository: target?.match?.params['name'],
    user: facts.user,
    remote,
    userAgent: request.headers['user-agent'],
    elapsed: performance.now() - begun,
    received: facts.received,
    sent: outcome.bytes,
  });
}

/** Handlers see a broken socket as a body that throws, so the event needs no other listener. */
function ignore(): void {}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target | undefined;
  readonly facts: Facts;
}

async function answer(options: RegistryOptions, asked: Asked): Promise<Reply> {
  const { request, response, target, facts } = asked;
  const page = target && options.pages?.get(target.path);
  if (page?.isPublic === true) return runPage(page, request);
  options.rateLimit?.(request.socket.remoteAddress ?? '');
  if (options.callers !== undefined) refuseStrangers(request, options.callers);
  const { basicAuth } = options;
  if (basicAuth !== undefined) facts.user = await userOf(request, response, basicAuth);
  const rules = options.rules?.();
  const isStranger = basicAuth !== undefined && facts.user === undefined;
  if (isStranger && (rules === undefined || page !== undefined)) throw loginRequired();
  if (page !== undefined) return runPage(page, request);
  if (target === undefined) {
    throw new ProtocolError('NAME_INVALID', 'the path is not valid percent-encoding');
  }
  const { match, query } = target;
  // Who may not see a repository cannot tell a wrong path from a missing one either.
  if (isStranger && match?.params['name'] === undefined) throw loginRequired();
  if (match === undefined) {
    throw new ProtocolError('UNSUPPORTED', 'no such endpoint', { status: 404 });
  }
  const endpoint = match.methods[request.method ?? ''];
  if (endpoint === undefined) throw methodNotAllowed(match);
  const allows = (action: Action, name: string): boolean =>
    rules?.allows(facts.user, action, name) ?? true;
  const { name } = match.params;
  if (name !== undefined && !allows(ACTIONS[endpoint.effect], name)) {
    throw isStranger ? loginRequired() : denied(ACTIONS[endpoint.effect], name);
  }
  checkAllowed(options, endpoint.effect);
  const body = meteredBody(request, options.maxBody, (bytes) => {
    facts.received += bytes;
  });
  const run = options.endpoints?.(match.name, endpoint.effect) ?? endpoint.run;
  return run({
    request,
    body,
    params: match.params,
    query,
    storage: options.storage,
    allows,
  });
}

const ACTIONS: Readonly<Record<Effect, Action>> = { read: 'pull', write: 'push', delete: 'delete' };

function runPage(page: Page, { method }: IncomingMessage): Promise<Reply> {
  if (method === 'GET' || method === 'HEAD') return page.reply();
  throw new ProtocolError('UNSUPPORTED', 'the method is not supported here', {
    headers: { Allow: 'GET, HEAD' },
  });
}

/** Splits a request target into decoded path and query; `undefined` if it cannot be decoded. */
function parseTarget(url: string): Target | undefined {
  const mark = url.indexOf('?');
  try {
    const path = decodeURIComponent(mark < 0 ? url : url.slice(0, mark));
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    return { path, query, match: matchRoute(path) };
  } catch {
    return undefined;
  }
}

function methodNotAllowed(match: Match): ProtocolError {
  return new ProtocolError('UNSUPPORTED', 'the method is not supported here', {
    headers: { Allow: Object.keys(match.methods).join(', ') },
  });
}

function denied(action: Action, name: string): ProtocolError {
  return new ProtocolError('DENIED', `the rules of this registry do not let you ${action}`, {
    detail: { name, action },
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

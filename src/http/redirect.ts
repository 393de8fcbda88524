import { AppError } from '../errors/app-error.ts';
import { crossOriginHeaders } from './headers.ts';
import { type AddressClassLookup, checkTarget, resolveLocation } from './address/target.ts';
import type { HttpRequest, HttpResponse, Middleware } from './types.ts';

const MAX_HOPS = 10;

/** Redirects that keep method and body (RFC 9110 sections 15.4.8 and 15.4.9). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);
/** Redirects that only a GET or HEAD follows; any other method gets the answer back. */
const READS_ONLY: ReadonlySet<number> = new Set([301, 302, 303]);

/**
 * Follows redirects and checks each hop. A request that left its origin is anonymous for the rest
 * of the chain, even if it returns to that origin.
 * @throws AppError TARGET_FORBIDDEN, TOO_MANY_REDIRECTS
 */
export function redirect(knownClass: AddressClassLookup): Middleware {
  return (next) => async (request) => {
    let current = request;
    if (request.initiator !== undefined)
      current = crossOriginRequest(request, request.initiator, request.url, knownClass);
    for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
      const response = await next(current);
      const target = targetOf(current, response);
      if (target === undefined) return response;
      await response.discard();
      current = crossOriginRequest(current, current.url, target, knownClass);
    }
    throw new AppError(
      'TOO_MANY_REDIRECTS',
      `${request.url.host} redirects more than ${MAX_HOPS} times`,
    );
  };
}

/** Returns the request for `to`, without anything that belongs to another origin. */
function crossOriginRequest(
  request: HttpRequest,
  from: URL,
  to: URL,
  knownClass: AddressClassLookup,
): HttpRequest {
  checkTarget(from, to, knownClass);
  if (from.origin === to.origin) return { ...request, url: to };
  return {
    ...request,
    url: to,
    initiator: from,
    headers: crossOriginHeaders(request.headers),
    auth: undefined,
  };
}

function targetOf(request: HttpRequest, response: HttpResponse): URL | undefined {
  if (request.redirect === 'manual') return undefined;
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!KEEPS_METHOD.has(response.status) && !(reads && READS_ONLY.has(response.status))) {
    return undefined;
  }
  return resolveLocation(response.headers.get('location'), request.url);
}

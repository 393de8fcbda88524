import {
  type Authenticated,
  firstAuthorization,
  nextAuthorization,
  isRefusedLogin,
} from './next-authorization.ts';
import { knownRegistry } from '../../config/registries/lookup.ts';
import type { AppError } from '../../errors/app-error.ts';
import {
  type AuthChallenge,
  authChallengeOf,
  type AuthScheme,
  formatChallenge,
} from './challenge.ts';
import { type ChallengeCache, createChallengeCache } from './challenge-cache.ts';
import type { Endpoints } from '../dial/endpoint.ts';
import type { Authorization, AuthorizationOptions } from './types.ts';
import { mergeHeaders } from '../headers.ts';
import { isRetryableStatus } from '../retry/policy.ts';
import { isRetryable } from '../retry/retry.ts';
import { coversScopes, mergeScopes } from './scopes.ts';
import type { TokenStore } from './token-store.ts';
import type { HttpClient, HttpRequest, HttpResponse, Middleware } from '../types.ts';

export interface AuthenticateOptions extends AuthorizationOptions {
  readonly endpoints: Endpoints;
  /** What earlier runs learned. */
  readonly store?: TokenStore | undefined;
}

/** Without a token, with a remembered one, with a fresh one, with a wider one. */
const MAX_SENDS = 4;

/**
 * Adds Authorization only on the registry's own origin. There is no ping: the first request is sent
 * without it, its 401 is the challenge, and the offers are remembered, so that later requests carry
 * a token immediately. What earlier runs remembered is a guess: if it fails, the request is sent
 * without it. A refusal that cannot be resolved is returned with the credentials that were sent.
 * @throws AppError REALM_UNTRUSTED, TARGET_FORBIDDEN, TOKEN_FAILED
 */
export function authenticate(options: AuthenticateOptions): Middleware {
  const memories = createChallengeCache(options.policies, options.store);

  return (next) => {
    const sendAuthenticated = async (request: Authenticated): Promise<HttpResponse> => {
      await options.store?.ready();
      const cache = memories(request.url, request.auth);
      const answered = await cache.waitForFirst(request.signal);
      try {
        return await sendWithAuthorization(request, cache, answered);
      } finally {
        answered?.();
      }
    };
    /** `answered`: call it when the first answer is understood. */
    const sendWithAuthorization = async (
      request: Authenticated,
      cache: ChallengeCache,
      answered: (() => void) | undefined,
    ): Promise<HttpResponse> => {
      const opening = await initialAuthorization(request, cache, next, options);
      let { authorization } = opening;
      for (let sends = 1; ; sends += 1) {
        const decided = authorization === undefined ? request : await withResolvedMethod(request);
        const response = await next(withAuthorization(decided, authorization));
        const challenge =
          authChallengeOf(response) ?? staleTokenChallenge(response, request, authorization);
        if (challenge === undefined || sends >= MAX_SENDS) {
          if (response.status < 400) recordAccepted(authorization, cache, options);
          if (opening.refusal !== undefined) cache.discardStored();
          return annotateResponse(response, authorization);
        }
        if (challenge.offers.length > 0) cache.store(challenge.offers);
        answered?.();
        const { offers } = cache.get();
        if (opening.refusal !== undefined && sameOffers(offers, opening.refusal.offers)) {
          await response.discard();
          throw opening.refusal.error;
        }
        const better = await nextAuthorization(
          request,
          { ...challenge, offers },
          authorization,
          next,
          options,
        );
        if (better === undefined || better.header === authorization?.header) {
          return annotateResponse(response, authorization);
        }
        if (isBodyPartlySent(request) && isRenewal(authorization, challenge, request)) {
          return { ...annotateResponse(response, authorization), tokenRenewed: true };
        }
        await response.discard();
        authorization = better;
      }
    };

    return async (request) => {
      const { auth, headers, url } = request;
      if (auth === undefined) return next(await withResolvedMethod(request));
      // A safety net for all callers: credentials stay on their origin.
      if (!options.endpoints.owns(auth.registry, url)) {
        return next(await withResolvedMethod({ ...request, auth: undefined }));
      }
      if (mergeHeaders(headers)['authorization'] !== undefined)
        return next(await withResolvedMethod(request));
      return sendAuthenticated({ ...request, auth });
    };
  };
}

interface InitialAuthorization {
  readonly authorization?: Authorization | undefined;
  /** The token server rejected the login; the same request again would count as another try. */
  readonly refusal?:
    | { readonly error: AppError; readonly offers: readonly AuthScheme[] }
    | undefined;
}

/** What the first request carries. A failed guess is no error: the challenge follows. */
async function initialAuthorization(
  request: Authenticated,
  cache: ChallengeCache,
  send: HttpClient,
  options: AuthenticateOptions,
): Promise<InitialAuthorization> {
  const { offers, stored } = cache.get();
  if (!stored) return { authorization: await firstAuthorization(request, offers, send, options) };
  try {
    return { authorization: await firstAuthorization(request, offers, send, options, true) };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (isRefusedLogin(error)) return { refusal: { error, offers } };
    cache.discardStored();
    return {};
  }
}

/** Answers about the request's path, size, place or precondition, not about its token. */
const NOT_OF_TOKEN: ReadonlySet<number> = new Set([407, 411, 412, 413, 414, 415, 416, 417, 431]);

/**
 * Some registries answer an expired token without a challenge, with different statuses (ECR Public:
 * 400). For a token of an earlier run that was not accepted yet, any refusal is a reason to fetch
 * another; except a 404 to a HEAD, which its caller confirms. The status that a registry is known
 * for applies to every cached token.
 */
function staleTokenChallenge(
  { status }: HttpResponse,
  { auth, method }: Authenticated,
  authorization: Authorization | undefined,
): AuthChallenge | undefined {
  if (authorization?.kind !== 'token') return undefined;
  const { stored, accepted, cached } = authorization;
  const isRefusal =
    status >= 400 &&
    status < 500 &&
    !isRetryableStatus(status) &&
    !NOT_OF_TOKEN.has(status) &&
    !(status === 404 && method === 'HEAD');
  const stale =
    (stored && (status === 403 || (isRefusal && !accepted))) ||
    (cached && status === knownRegistry(auth.registry)?.staleTokenStatus);
  return stale ? { offers: [], scopes: [] } : undefined;
}

/** What the registry accepted may be used by later runs. */
function recordAccepted(
  authorization: Authorization | undefined,
  cache: ChallengeCache,
  options: AuthenticateOptions,
): void {
  if (authorization === undefined) return;
  if (authorization.kind === 'token')
    options.cache.accept(authorization.owner, authorization.token);
  cache.confirm();
}

/** Some of the body may have been processed before the refusal. */
function isBodyPartlySent(request: HttpRequest): boolean {
  return (request.body?.length ?? 0) > 0 && !isRetryable(request);
}

/** Whether the old token covered the scopes but expired: the next request carries the new one. */
function isRenewal(
  authorization: Authorization | undefined,
  challenge: AuthChallenge,
  { auth }: Authenticated,
): boolean {
  if (authorization?.kind !== 'token') return authorization?.kind === 'basic';
  return coversScopes(authorization.scopes, mergeScopes(challenge.scopes, auth.scopes));
}

function sameOffers(a: readonly AuthScheme[], b: readonly AuthScheme[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function withResolvedMethod(request: HttpRequest): Promise<HttpRequest> {
  return request.resolveMethod === undefined
    ? request
    : { ...request, method: await request.resolveMethod() };
}

function withAuthorization(
  request: HttpRequest,
  authorization: Authorization | undefined,
): HttpRequest {
  if (authorization === undefined) return request;
  return {
    ...request,
    headers: mergeHeaders(request.headers, { authorization: authorization.header }),
  };
}

function annotateResponse(
  response: HttpResponse,
  authorization: Authorization | undefined,
): HttpResponse {
  const credential = authorization?.credential;
  return {
    ...response,
    challenge: authorization?.kind === 'token' ? formatChallenge(authorization.offer) : undefined,
    credentials:
      credential === undefined ? { sent: false } : { sent: true, origin: credential.origin },
  };
}

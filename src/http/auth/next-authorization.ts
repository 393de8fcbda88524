import type { HttpRequest, RequestAuth, HttpClient } from '../types.ts';
import { mergeScopes, coversScopes } from './scopes.ts';
import type { AuthScheme, AuthChallenge } from './challenge.ts';
import { obtainAuthorization } from './authorization.ts';
import type { Authorization, AuthorizationOptions, AuthorizationRequest } from './types.ts';
import { AppError } from '../../errors/app-error.ts';

/** A request that may carry an Authorization. */
export type Authenticated = HttpRequest & { readonly auth: RequestAuth };

function authorizationRequestOf(
  request: Authenticated,
  send: HttpClient,
): Omit<AuthorizationRequest, 'offers' | 'scopes'> {
  const { auth, url, signal } = request;
  return { auth, url, send, signal };
}

/** What a request carries before the registry asks for anything. */
export async function firstAuthorization(
  request: Authenticated,
  offers: readonly AuthScheme[],
  send: HttpClient,
  options: AuthorizationOptions,
  singleAttempt?: boolean,
): Promise<Authorization | undefined> {
  const { scopes } = request.auth;
  // Without scopes the challenge must name them: a token without scopes is rejected.
  const usable = scopes.length === 0 ? offers.filter(({ kind }) => kind === 'basic') : offers;
  return obtainWithNewestLogin(
    { ...authorizationRequestOf(request, send), offers: usable, scopes, singleAttempt },
    options,
  );
}

/** What it carries after a challenge; `undefined` if there is nothing else to try. */
export async function nextAuthorization(
  request: Authenticated,
  challenge: AuthChallenge,
  authorization: Authorization | undefined,
  send: HttpClient,
  options: AuthorizationOptions,
): Promise<Authorization | undefined> {
  const scopes = mergeScopes(challenge.scopes, request.auth.scopes);
  const question = { ...authorizationRequestOf(request, send), offers: challenge.offers, scopes };
  if (authorization === undefined) return obtainWithNewestLogin(question, options);
  if (authorization.kind === 'static') return undefined;
  if (authorization.kind === 'basic') {
    if (challenge.offers[0]?.kind === 'basic') options.credentials.forget(request.auth.registry);
    return obtainWithNewestLogin(question, options);
  }
  if (request.auth.upcomingScopes !== undefined && !coversScopes(scopes, authorization.scopes)) {
    // The token may be rejected because of the upcoming scopes.
    options.cache.drop(authorization.token);
    const auth = { ...request.auth, upcomingScopes: undefined };
    return obtainWithNewestLogin({ ...question, auth, renew: authorization.cached }, options);
  }
  const wider = mergeScopes(challenge.scopes, authorization.scopes, request.auth.scopes);
  const covered = coversScopes(authorization.scopes, wider);
  if (covered && !authorization.cached && offersSameRealm(challenge.offers, authorization.offer))
    return undefined;
  if (!covered) return obtainWithNewestLogin({ ...question, scopes: wider }, options);
  options.cache.drop(authorization.token);
  return obtainWithNewestLogin({ ...question, renew: true }, options);
}

function offersSameRealm(offers: readonly AuthScheme[], used: AuthScheme): boolean {
  return offers.some(
    (scheme) =>
      scheme.kind === 'bearer' &&
      used.kind === 'bearer' &&
      scheme.realm?.href === used.realm?.href &&
      scheme.service === used.service,
  );
}

/**
 * Two refusals of the token server are not final. Anonymous: the registry's own 401 explains it
 * better. With credentials: their source may have newer ones (hourly cloud tokens).
 */
async function obtainWithNewestLogin(
  request: AuthorizationRequest,
  options: AuthorizationOptions,
): Promise<Authorization | undefined> {
  try {
    return await obtainAuthorization(request, options);
  } catch (error) {
    if (!isRefusedLogin(error)) throw error;
    const { registry, repository } = request.auth;
    const { signal } = request;
    const before = await options.credentials.lookup(registry, repository, { signal });
    if (before === undefined) return undefined;
    options.credentials.forget(registry);
    const after = await options.credentials.lookup(registry, repository, { signal });
    if (after === undefined || JSON.stringify(after) === JSON.stringify(before)) throw error;
    return obtainAuthorization(request, options);
  }
}

export function isRefusedLogin(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.code !== 'TOKEN_FAILED') return false;
  const status = error.details?.['status'];
  return status === 401 || status === 403;
}

import type { CallOptions } from '../../util/abort.ts';
import { obtainAuthorization } from '../auth/authorization.ts';
import type { Authorization, AuthorizationOptions, AuthorizationRequest } from '../auth/types.ts';
import { jwtClaims, type JwtClaims } from './jwt-claims.ts';
import { createTokenCache } from '../auth/token-cache.ts';
import type { HttpClient, HttpResponse } from '../types.ts';

/** What requests to a registry carry; the secret itself is not exposed. */
export interface FreshAuthorization {
  readonly kind: Authorization['kind'];
  /** Where its credentials come from; absent for an anonymous token. */
  readonly origin: string | undefined;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch from which a token is renewed. */
  readonly renewAt: number | undefined;
  /** Claims of a token that is a JWT. */
  readonly claims: JwtClaims | undefined;
  /** Sends one GET with it, without redirects and retries. */
  ask(url: URL, options?: CallOptions): Promise<HttpResponse>;
}

/**
 * Answers a challenge again, without what earlier requests and runs obtained. Undefined if none of
 * the offers can be used. @throws what obtainAuthorization throws
 */
export async function obtainFreshAuthorization(
  request: Omit<AuthorizationRequest, 'send'>,
  options: Omit<AuthorizationOptions, 'cache'>,
  send: HttpClient,
): Promise<FreshAuthorization | undefined> {
  const cache = createTokenCache(options.now);
  const authorization = await obtainAuthorization({ ...request, send }, { ...options, cache });
  if (authorization === undefined) return undefined;
  const token = authorization.kind === 'token' ? authorization : undefined;
  return {
    kind: authorization.kind,
    origin: authorization.credential?.origin,
    scopes: token?.scopes ?? [],
    renewAt: token && cache.find(token.owner, token.scopes)?.renewAt,
    claims: token && jwtClaims(token.token),
    ask: (url, { signal } = {}) => sendWith(authorization, url, send, signal),
  };
}

async function sendWith(
  { header, credential }: Authorization,
  url: URL,
  send: HttpClient,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const headers = { authorization: header };
  const response = await send({ method: 'GET', url, headers, redirect: 'manual', signal });
  const sent = credential !== undefined;
  return { ...response, credentials: { sent, ...(sent ? { origin: credential.origin } : {}) } };
}

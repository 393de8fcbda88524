import type { CallOptions } from '../../util/abort.ts';
import { obtainAuthorization } from '../auth/authorization.ts';
import type { Authorization, AuthorizationOptions, AuthorizationRequest } from '../auth/types.ts';
import { jwtClaims, type JwtClaims } from './jwt-claims.ts';
import { createTokenCache } from '../auth/token-cache.ts';
import type { HttpClient, HttpResponse } from '../types.ts';

/** What requests of a registry would carry; the secret itself stays inside. */
export interface FreshAuthorization {
  readonly kind: Authorization['kind'];
  /** Where its credentials are from; absent for an anonymous token. */
  readonly origin: string | undefined;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch from which a token is renewed. */
  readonly renewAt: number | undefined;
  /** Of a token that is a JWT. */
  readonly claims: JwtClaims | undefined;
  /** One GET that carries it, neither redirected nor tried again. */
  ask(url: URL, options?: CallOptions): Promise<HttpResponse>;
}

/**
 * Fetches what a challenge asks for again: what earlier requests and runs got is not used.
 * Undefined when none of the offers can be met. @throws what obtainAuthorization throws
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

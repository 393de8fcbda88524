import type { CallOptions } from '../../store/types.ts';
import {
  obtainGrant,
  type Grant,
  type GrantOptions,
  type GrantQuestion,
} from '../auth/authorization.ts';
import { jwtClaims, type JwtClaims } from './jwt-claims.ts';
import { createTokenCache } from '../auth/token-cache.ts';
import type { HttpClient, HttpResponse } from '../types.ts';

/** What requests of a registry would carry; the secret itself stays inside. */
export interface Authorization {
  readonly kind: Grant['kind'];
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
 * Fetches what a challenge asks for, anew: what earlier requests and runs were given is not used.
 * Undefined when none of the offers can be met. @throws what obtainGrant throws
 */
export async function authorize(
  question: Omit<GrantQuestion, 'send'>,
  options: Omit<GrantOptions, 'cache'>,
  send: HttpClient,
): Promise<Authorization | undefined> {
  const cache = createTokenCache(options.now);
  const grant = await obtainGrant({ ...question, send }, { ...options, cache });
  if (grant === undefined) return undefined;
  const token = grant.kind === 'token' ? grant : undefined;
  return {
    kind: grant.kind,
    origin: grant.credential?.origin,
    scopes: token?.scopes ?? [],
    renewAt: token && cache.find(token.owner, token.scopes)?.renewAt,
    claims: token && jwtClaims(token.token),
    ask: (url, { signal } = {}) => askWith(grant, url, send, signal),
  };
}

async function askWith(
  { header, credential }: Grant,
  url: URL,
  send: HttpClient,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const headers = { authorization: header };
  const response = await send({ method: 'GET', url, headers, redirect: 'manual', signal });
  const sent = credential !== undefined;
  return { ...response, credentials: { sent, ...(sent ? { origin: credential.origin } : {}) } };
}

import { AppError } from '../errors/app-error.ts';
import { type Demand, demandOf, type Offer } from './challenge-choice.ts';
import type { Endpoints } from './endpoint.ts';
import { type Grant, type GrantOptions, type GrantQuestion, obtainGrant } from './grant.ts';
import { mergeHeaders } from './headers.ts';
import { coversScopes, mergeScopes } from './scopes.ts';
import type { HttpClient, HttpRequest, HttpResponse, Middleware, RequestAuth } from './types.ts';

export interface AuthenticateOptions extends GrantOptions {
  readonly endpoints: Endpoints;
}

/** Without, with a remembered token, with a fresh one, with a wider one. */
const MAX_SENDS = 4;

type Authenticated = HttpRequest & { readonly auth: RequestAuth };

/**
 * Adds Authorization on the registry's own origin only. There is no ping: the first request goes
 * bare, its 401 is the challenge, and what it offered is remembered so that later requests come
 * with a token at once. A refusal that cannot be met is returned with what had been sent.
 * @throws AppError REALM_UNTRUSTED, TARGET_FORBIDDEN, TOKEN_FAILED
 */
export function authenticate(options: AuthenticateOptions): Middleware {
  const remembered = new Map<string, readonly Offer[]>();

  return (next) => {
    const sendAuthenticated = async (request: Authenticated): Promise<HttpResponse> => {
      const memory = memoryOf(remembered, request);
      let grant = await firstGrant(request, memory.recall(), next, options);
      for (let sends = 1; ; sends += 1) {
        const response = await next(withGrant(request, grant));
        const demand = demandOf(response);
        if (demand === undefined || sends >= MAX_SENDS) return annotate(response, grant);
        if (demand.offers.length > 0) memory.keep(demand.offers);
        const offers = memory.recall();
        const better = await nextGrant(request, { ...demand, offers }, grant, next, options);
        if (better === undefined || better.header === grant?.header) {
          return annotate(response, grant);
        }
        await response.discard();
        grant = better;
      }
    };

    return (request) => {
      const { auth, headers, url } = request;
      if (auth === undefined) return next(request);
      // A safety net below the callers: whatever they pass, credentials stay on their origin.
      if (!options.endpoints.owns(auth.registry, url)) return next({ ...request, auth: undefined });
      if (mergeHeaders(headers)['authorization'] !== undefined) return next(request);
      return sendAuthenticated({ ...request, auth });
    };
  };
}

/** Offers per origin; a catalog may be guarded by another scheme than repositories are (Harbor). */
function memoryOf(
  remembered: Map<string, readonly Offer[]>,
  { url, auth }: Authenticated,
): { recall(): readonly Offer[]; keep(offers: readonly Offer[]): void } {
  const repository = `${url.origin} repository`;
  const registry = `${url.origin} registry`;
  const [own, other] =
    auth.repository === undefined ? [registry, repository] : [repository, registry];
  return {
    recall: () => remembered.get(own) ?? remembered.get(other) ?? [],
    keep: (offers) => void remembered.set(own, offers),
  };
}

function questionOf(
  request: Authenticated,
  send: HttpClient,
): Omit<GrantQuestion, 'offers' | 'scopes'> {
  const { auth, url, signal } = request;
  return { auth, url, send, signal };
}

async function firstGrant(
  request: Authenticated,
  offers: readonly Offer[],
  send: HttpClient,
  options: AuthenticateOptions,
): Promise<Grant | undefined> {
  const { scopes } = request.auth;
  // Without scopes the challenge has to name them: a token for nothing would only be refused.
  const usable = scopes.length === 0 ? offers.filter(({ kind }) => kind === 'basic') : offers;
  return obtain({ ...questionOf(request, send), offers: usable, scopes }, options);
}

async function nextGrant(
  request: Authenticated,
  demand: Demand,
  grant: Grant | undefined,
  send: HttpClient,
  options: AuthenticateOptions,
): Promise<Grant | undefined> {
  const scopes = mergeScopes(demand.scopes, request.auth.scopes);
  const question = { ...questionOf(request, send), offers: demand.offers, scopes };
  if (grant === undefined) return obtain(question, options);
  if (grant.kind === 'static') return undefined;
  if (grant.kind === 'basic') {
    if (demand.offers[0]?.kind === 'basic') options.credentials.forget(request.auth.registry);
    return obtain(question, options);
  }
  const wider = mergeScopes(demand.scopes, grant.scopes, request.auth.scopes);
  const covered = coversScopes(grant.scopes, wider);
  if (covered && !grant.cached && offersSameRealm(demand.offers, grant.offer)) return undefined;
  if (!covered) return obtain({ ...question, scopes: wider }, options);
  options.cache.drop(grant.token);
  return obtain({ ...question, renew: true }, options);
}

function offersSameRealm(offers: readonly Offer[], used: Offer): boolean {
  return offers.some(
    (offer) =>
      offer.kind === 'bearer' &&
      used.kind === 'bearer' &&
      offer.realm?.href === used.realm?.href &&
      offer.service === used.service,
  );
}

/**
 * Two refusals of the token server are not the last word. Anonymous: the registry's own 401 says
 * it better. With credentials: their source may have newer ones (hourly cloud tokens).
 */
async function obtain(
  question: GrantQuestion,
  options: AuthenticateOptions,
): Promise<Grant | undefined> {
  try {
    return await obtainGrant(question, options);
  } catch (error) {
    const status =
      error instanceof AppError && error.code === 'TOKEN_FAILED'
        ? error.details?.['status']
        : undefined;
    if (status !== 401 && status !== 403) throw error;
    const { registry, repository } = question.auth;
    const { signal } = question;
    const before = await options.credentials.lookup(registry, repository, { signal });
    if (before === undefined) return undefined;
    options.credentials.forget(registry);
    const after = await options.credentials.lookup(registry, repository, { signal });
    if (after === undefined || JSON.stringify(after) === JSON.stringify(before)) throw error;
    return obtainGrant(question, options);
  }
}

function withGrant(request: HttpRequest, grant: Grant | undefined): HttpRequest {
  if (grant === undefined) return request;
  return { ...request, headers: mergeHeaders(request.headers, { authorization: grant.header }) };
}

function annotate(response: HttpResponse, grant: Grant | undefined): HttpResponse {
  const credential = grant?.credential;
  return {
    ...response,
    credentials:
      credential === undefined ? { sent: false } : { sent: true, origin: credential.origin },
  };
}

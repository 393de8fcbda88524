import { knownRegistry } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import {
  challengeText,
  type Demand,
  demandOf,
  type Offer,
} from './challenge.merge-challenge-choice.ts';
import { type ChallengeMemory, createChallengeMemory } from './challenge-cache.ts';
import type { Endpoints } from '../dial/endpoint.ts';
import { type Grant, type GrantOptions, type GrantQuestion, obtainGrant } from './authorization.ts';
import { mergeHeaders } from '../headers.ts';
import { isRepeatable } from '../retry/retry.ts';
import { coversScopes, mergeScopes } from './scopes.ts';
import type { TokenStore } from './token-store.ts';
import type { HttpClient, HttpRequest, HttpResponse, Middleware, RequestAuth } from '../types.ts';

export interface AuthenticateOptions extends GrantOptions {
  readonly endpoints: Endpoints;
  /** What earlier runs learnt. */
  readonly store?: TokenStore | undefined;
}

/** Without, with a remembered token, with a fresh one, with a wider one. */
const MAX_SENDS = 4;

type Authenticated = HttpRequest & { readonly auth: RequestAuth };

/**
 * Adds Authorization on the registry's own origin only. There is no ping: the first request goes
 * bare, its 401 is the challenge, and what it offered is remembered so that later requests come
 * with a token at once. What earlier runs remembered is a guess: when it fails, the request goes
 * as if there were none. A refusal that cannot be met is returned with what had been sent.
 * @throws AppError REALM_UNTRUSTED, TARGET_FORBIDDEN, TOKEN_FAILED
 */
export function authenticate(options: AuthenticateOptions): Middleware {
  const memories = createChallengeMemory(options.policies, options.store);

  return (next) => {
    const sendAuthenticated = async (request: Authenticated): Promise<HttpResponse> => {
      await options.store?.ready();
      const memory = memories(request.url, request.auth);
      const answered = await memory.lead(request.signal);
      try {
        return await converse(request, memory, answered);
      } finally {
        answered?.();
      }
    };
    /** `answered`: to be called when the first answer is understood. */
    const converse = async (
      request: Authenticated,
      memory: ChallengeMemory,
      answered: (() => void) | undefined,
    ): Promise<HttpResponse> => {
      const opening = await openingGrant(request, memory, next, options);
      let { grant } = opening;
      for (let sends = 1; ; sends += 1) {
        const decided = grant === undefined ? request : await settled(request);
        const response = await next(withGrant(decided, grant));
        const demand = demandOf(response) ?? staleDemand(response, request, grant);
        if (demand === undefined || sends >= MAX_SENDS) {
          if (response.status < 400) accept(grant, memory, options);
          if (opening.refusal !== undefined) memory.distrust();
          return annotate(response, grant);
        }
        if (demand.offers.length > 0) memory.keep(demand.offers);
        answered?.();
        const { offers } = memory.recall();
        if (opening.refusal !== undefined && sameOffers(offers, opening.refusal.offers)) {
          await response.discard();
          throw opening.refusal.error;
        }
        const better = await nextGrant(request, { ...demand, offers }, grant, next, options);
        if (better === undefined || better.header === grant?.header) {
          return annotate(response, grant);
        }
        if (isMoved(request) && isRenewal(grant, demand, request)) {
          return { ...annotate(response, grant), renewed: true };
        }
        await response.discard();
        grant = better;
      }
    };

    return async (request) => {
      const { auth, headers, url } = request;
      if (auth === undefined) return next(await settled(request));
      // A safety net below the callers: whatever they pass, credentials stay on their origin.
      if (!options.endpoints.owns(auth.registry, url)) {
        return next(await settled({ ...request, auth: undefined }));
      }
      if (mergeHeaders(headers)['authorization'] !== undefined) return next(await settled(request));
      return sendAuthenticated({ ...request, auth });
    };
  };
}

interface Opening {
  readonly grant?: Grant | undefined;
  /** The token server refused the login; asking it the same again would count as another try. */
  readonly refusal?: { readonly error: AppError; readonly offers: readonly Offer[] } | undefined;
}

/** What the first request carries. A guess that fails is no error: the challenge will tell. */
async function openingGrant(
  request: Authenticated,
  memory: ChallengeMemory,
  send: HttpClient,
  options: AuthenticateOptions,
): Promise<Opening> {
  const { offers, stored } = memory.recall();
  if (!stored) return { grant: await firstGrant(request, offers, send, options) };
  try {
    return { grant: await firstGrant(request, offers, send, options, true) };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (isRefusedLogin(error)) return { refusal: { error, offers } };
    memory.distrust();
    return {};
  }
}

/**
 * Some registries answer without a challenge to a token that is not good any more. For one of an
 * earlier run 403 is reason to fetch another; where it has a status of its own, that is for any
 * token that was there before this request.
 */
function staleDemand(
  { status }: HttpResponse,
  { auth }: Authenticated,
  grant: Grant | undefined,
): Demand | undefined {
  if (grant?.kind !== 'token') return undefined;
  const stale =
    (status === 403 && grant.stored) ||
    (grant.cached && status === knownRegistry(auth.registry)?.staleTokenStatus);
  return stale ? { offers: [], scopes: [] } : undefined;
}

/** What the registry accepted may serve later runs. */
function accept(
  grant: Grant | undefined,
  memory: ChallengeMemory,
  options: AuthenticateOptions,
): void {
  if (grant === undefined) return;
  if (grant.kind === 'token') options.cache.accept(grant.owner, grant.token);
  memory.accept();
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
  once?: boolean,
): Promise<Grant | undefined> {
  const { scopes } = request.auth;
  // Without scopes the challenge has to name them: a token for nothing would only be refused.
  const usable = scopes.length === 0 ? offers.filter(({ kind }) => kind === 'basic') : offers;
  return obtain({ ...questionOf(request, send), offers: usable, scopes, once }, options);
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
  if (request.auth.laterScopes !== undefined && !coversScopes(scopes, grant.scopes)) {
    // What it was asked for beside may be why it does not do.
    options.cache.drop(grant.token);
    const auth = { ...request.auth, laterScopes: undefined };
    return obtain({ ...question, auth, renew: grant.cached }, options);
  }
  const wider = mergeScopes(demand.scopes, grant.scopes, request.auth.scopes);
  const covered = coversScopes(grant.scopes, wider);
  if (covered && !grant.cached && offersSameRealm(demand.offers, grant.offer)) return undefined;
  if (!covered) return obtain({ ...question, scopes: wider }, options);
  options.cache.drop(grant.token);
  return obtain({ ...question, renew: true }, options);
}

/** Some of its body may have been taken before it was refused. */
function isMoved(request: HttpRequest): boolean {
  return (request.body?.length ?? 0) > 0 && !isRepeatable(request);
}

/** What it carried would have sufficed before: the next request of its kind comes with the new. */
function isRenewal(grant: Grant | undefined, demand: Demand, { auth }: Authenticated): boolean {
  if (grant?.kind !== 'token') return grant?.kind === 'basic';
  return coversScopes(grant.scopes, mergeScopes(demand.scopes, auth.scopes));
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
    if (!isRefusedLogin(error)) throw error;
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

function isRefusedLogin(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.code !== 'TOKEN_FAILED') return false;
  const status = error.details?.['status'];
  return status === 401 || status === 403;
}

function sameOffers(a: readonly Offer[], b: readonly Offer[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function settled(request: HttpRequest): Promise<HttpRequest> {
  return request.decide === undefined ? request : { ...request, method: await request.decide() };
}

function withGrant(request: HttpRequest, grant: Grant | undefined): HttpRequest {
  if (grant === undefined) return request;
  return { ...request, headers: mergeHeaders(request.headers, { authorization: grant.header }) };
}

function annotate(response: HttpResponse, grant: Grant | undefined): HttpResponse {
  const credential = grant?.credential;
  return {
    ...response,
    challenge: grant?.kind === 'token' ? challengeText(grant.offer) : undefined,
    credentials:
      credential === undefined ? { sent: false } : { sent: true, origin: credential.origin },
  };
}

import type { Credential } from '../../credentials/types.ts';
import { knownRegistry, loginAdvice } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import { concealer, secretsIn } from '../../errors/redact-secrets.ts';
import { redactUrl } from '../../errors/redact.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import { challengeText } from './challenge.merge-challenge-choice.ts';
import { mergeScopes } from './scopes.ts';
import { checkTarget, type KnownClass, resolveLocation } from '../address/target.ts';
import { readToken, type Token, wordsOf } from './token-response.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../types.ts';

export interface TokenQuestion {
  /** Logical registry, for messages. */
  readonly registry: string;
  /** Where the challenge came from. */
  readonly registryUrl: URL;
  readonly realm: URL;
  readonly service?: string | undefined;
  readonly scopes: readonly string[];
  /** Absent: an anonymous token. */
  readonly credential?: Exclude<Credential, { kind: 'registry-token' }> | undefined;
  /** Not to be tried again when it fails. */
  readonly once?: boolean | undefined;
}

export interface TokenContext {
  readonly send: HttpClient;
  readonly now: () => number;
  readonly knownClass: KnownClass;
  readonly signal?: AbortSignal | undefined;
}

const CLIENT_ID = 'regctl';
const MAX_RESPONSE = 64 * 1024;
const MAX_HOPS = 5;

/** Token servers without the OAuth2 POST say so in different ways: ACR, Artifactory, GCR, others. */
const NO_POST: ReadonlySet<number> = new Set([400, 401, 404, 405]);

/**
 * Exchanges a challenge for a token. A refresh token goes by POST, everything else by GET
 * (distribution docs/content/spec/auth/token.md and oauth.md).
 * @throws AppError TOKEN_FAILED with `details.status`, TARGET_FORBIDDEN
 */
export async function fetchToken(question: TokenQuestion, context: TokenContext): Promise<Token> {
  const { credential } = question;
  let response: HttpResponse;
  if (credential?.kind === 'identity') {
    response = await ask(refreshRequest(question, credential.token), question, context);
    if (NO_POST.has(response.status) && credential.username !== undefined) {
      await response.discard();
      response = await ask(getRequest(question, context.signal), question, context);
    }
  } else {
    response = await ask(getRequest(question, context.signal), question, context);
  }
  return readAnswer(response, question, context);
}

function getRequest(question: TokenQuestion, signal?: AbortSignal): HttpRequest {
  const { realm, service, scopes, registryUrl } = question;
  const login = loginOf(question);
  const url = new URL(realm);
  if (service !== undefined && service !== '') url.searchParams.set('service', service);
  for (const scope of mergeScopes(scopes)) url.searchParams.append('scope', scope);
  if (login !== undefined) url.searchParams.set('account', login.username);
  url.searchParams.set('client_id', CLIENT_ID);
  const headers = login === undefined ? {} : { authorization: basicHeader(login) };
  return {
    method: 'GET',
    url,
    headers,
    redirect: 'manual',
    whole: true,
    via: registryUrl,
    signal,
  };
}

function refreshRequest(question: TokenQuestion, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: CLIENT_ID,
  });
  if (question.service !== undefined) form.set('service', question.service);
  const scopes = mergeScopes(question.scopes);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const data = new TextEncoder().encode(form.toString());
  return {
    method: 'POST',
    url: new URL(question.realm),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { length: data.byteLength, open: () => bytesOf(data) },
    redirect: 'manual',
    whole: true,
    via: question.registryUrl,
  };
}

interface Login {
  readonly username: string;
  readonly password: string;
}

function loginOf({ credential }: TokenQuestion): Login | undefined {
  if (credential?.kind === 'basic') return credential;
  if (credential?.username === undefined) return undefined;
  return { username: credential.username, password: credential.token };
}

/** RFC 7617 with the UTF-8 user-pass that every registry expects. */
export function basicHeader({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Sends to the realm and follows redirects: with credentials only within the realm's origin. */
async function ask(
  first: HttpRequest,
  question: TokenQuestion,
  context: TokenContext,
): Promise<HttpResponse> {
  const { once } = question;
  let request: HttpRequest = {
    ...first,
    signal: context.signal,
    ...(once === true && { idempotent: false }),
  };
  checkTarget(question.registryUrl, request.url, context.knownClass);
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const response = await context.send(request);
    const target = redirectOf(response, request.url);
    if (target === undefined) return response;
    await response.discard();
    if (question.credential !== undefined && target.origin !== request.url.origin) {
      throw new AppError(
        'TOKEN_FAILED',
        `the token server ${request.url.host} redirects to ${target.host}; credentials do not follow to another origin`,
        { details: { registry: question.registry, realm: request.url.host } },
      );
    }
    checkTarget(request.url, target, context.knownClass);
    request = { ...request, url: target, via: request.url };
  }
  throw new AppError(
    'TOO_MANY_REDIRECTS',
    `the token server ${first.url.host} redirects too often`,
  );
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectOf(response: HttpResponse, from: URL): URL | undefined {
  if (!REDIRECTS.has(response.status)) return undefined;
  return resolveLocation(response.headers.get('location'), from);
}

async function readAnswer(
  response: HttpResponse,
  question: TokenQuestion,
  context: TokenContext,
): Promise<Token> {
  const { host } = question.realm;
  const body = await collect(
    response.body,
    MAX_RESPONSE,
    () => new AppError('TOKEN_FAILED', `the answer of the token server ${host} is over 64 KiB`),
  );
  if (response.status === 200) return readToken(body, host, context.now());
  throw refused(response, question, body);
}

function refused(response: HttpResponse, question: TokenQuestion, body: Uint8Array): AppError {
  const { credential, registry, realm } = question;
  const secret = credential?.kind === 'basic' ? credential.password : credential?.token;
  const given = loginOf(question);
  const sent = given === undefined ? undefined : basicHeader(given);
  const words = wordsOf(body, concealer([secret, ...secretsIn(sent)]));
  const login = loginAdvice({ registry }, knownRegistry(registry, signsOf(question)));
  const who = credential === undefined ? 'an anonymous token' : 'a token';
  const hint =
    credential === undefined
      ? `If the repository is private, sign in: ${login}`
      : `Check the credentials from ${credential.origin}, or sign in again: ${login}`;
  return new AppError(
    'TOKEN_FAILED',
    `${realm.host} refused ${who} for ${registry}: ${words ?? 'no reason given'} (HTTP ${response.status})`,
    { hint, details: { registry, realm: redactUrl(realm), status: response.status } },
  );
}

function signsOf({ realm, service }: TokenQuestion): Parameters<typeof knownRegistry>[1] {
  const challenge = challengeText({ kind: 'bearer', realm, service });
  const lines = challenge === undefined ? [] : [challenge];
  return { all: (name) => (name === 'www-authenticate' ? lines : []) };
}

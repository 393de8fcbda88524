import type { Credential, Login } from '../../credentials/types.ts';
import { knownRegistry, loginAdvice } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import type { KnownRegistry } from '../../config/registries/table.ts';
import { secretRedactor, secretsInAuthorization } from '../../errors/redact-secrets.ts';
import { redactUrl } from '../../errors/redact.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import { formatChallenge } from './challenge.ts';
import { mergeScopes } from './scopes.ts';
import { type AddressClassLookup, checkTarget, resolveLocation } from '../address/target.ts';
import { NetworkError } from '../dial/network-error.ts';
import { rejectedLoginHint } from './rejected-login.ts';
import { readToken, type Token } from './token-response.ts';
import { errorMessageOf } from '../error-words.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../types.ts';

export interface TokenRequest {
  /** Logical registry, for messages. */
  readonly registry: string;
  /** Where the challenge came from. */
  readonly registryUrl: URL;
  readonly realm: URL;
  readonly service?: string | undefined;
  readonly scopes: readonly string[];
  /** Absent: an anonymous token. */
  readonly credential?: Exclude<Credential, { kind: 'registry-token' }> | undefined;
  /** Sends the request only once, without retries. */
  readonly singleAttempt?: boolean | undefined;
}

export interface TokenContext {
  readonly send: HttpClient;
  readonly now: () => number;
  readonly knownClass: AddressClassLookup;
  readonly signal?: AbortSignal | undefined;
}

const CLIENT_ID = 'regctl';
const MAX_RESPONSE = 64 * 1024;
const MAX_HOPS = 5;

/** The statuses of token servers that lack the OAuth2 POST: ACR, Artifactory, GCR, others. */
const NO_POST: ReadonlySet<number> = new Set([400, 401, 404, 405]);

/**
 * Exchanges a challenge for a token. A refresh token goes by POST, everything else by GET
 * (distribution docs/content/spec/auth/token.md and oauth.md).
 * @throws AppError TOKEN_FAILED with `details.status`, TARGET_FORBIDDEN
 */
export async function fetchToken(request: TokenRequest, context: TokenContext): Promise<Token> {
  const { credential } = request;
  let response: HttpResponse;
  if (credential?.kind === 'identity') {
    response = await sendToRealm(refreshRequest(request, credential.token), request, context);
    if (NO_POST.has(response.status) && credential.username !== undefined) {
      await response.discard();
      response = await sendToRealm(getRequest(request, context.signal), request, context);
    }
  } else {
    response = await sendToRealm(getRequest(request, context.signal), request, context);
  }
  return readAnswer(response, request, context);
}

function getRequest(request: TokenRequest, signal?: AbortSignal): HttpRequest {
  const { realm, service, scopes, registryUrl } = request;
  const login = loginOf(request);
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
    bufferBody: true,
    initiator: registryUrl,
    signal,
  };
}

function refreshRequest(request: TokenRequest, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: CLIENT_ID,
  });
  if (request.service !== undefined) form.set('service', request.service);
  const scopes = mergeScopes(request.scopes);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const data = new TextEncoder().encode(form.toString());
  return {
    method: 'POST',
    url: new URL(request.realm),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { length: data.byteLength, open: () => bytesOf(data) },
    redirect: 'manual',
    bufferBody: true,
    initiator: request.registryUrl,
  };
}

function loginOf({ credential }: TokenRequest): Login | undefined {
  if (credential?.kind === 'basic') return credential;
  if (credential?.username === undefined) return undefined;
  return { username: credential.username, password: credential.token };
}

/** RFC 7617 with the UTF-8 user-pass that every registry expects. */
export function basicHeader({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Sends to the realm and follows redirects; credentials stay within the realm's origin. */
async function sendToRealm(
  first: HttpRequest,
  question: TokenRequest,
  context: TokenContext,
): Promise<HttpResponse> {
  const { singleAttempt } = question;
  let request: HttpRequest = {
    ...first,
    signal: context.signal,
    ...(singleAttempt === true && { idempotent: false }),
  };
  checkTarget(question.registryUrl, request.url, context.knownClass);
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const response = await sendTo(request, question, context);
    const target = redirectTarget(response, request.url);
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
    request = { ...request, url: target, initiator: request.url };
  }
  throw new AppError(
    'TOO_MANY_REDIRECTS',
    `the token server ${first.url.host} redirects too often`,
  );
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectTarget(response: HttpResponse, from: URL): URL | undefined {
  if (!REDIRECTS.has(response.status)) return undefined;
  return resolveLocation(response.headers.get('location'), from);
}

async function readAnswer(
  response: HttpResponse,
  request: TokenRequest,
  context: TokenContext,
): Promise<Token> {
  const { host } = request.realm;
  const body = await collect(
    response.body,
    MAX_RESPONSE,
    () => new AppError('TOKEN_FAILED', `the answer of the token server ${host} is over 64 KiB`),
  );
  if (response.status === 200) return readToken(body, host, context.now());
  throw refused(response, request, body);
}

/** GitLab and ECR Public reject a login with 400. */
const REJECTED: ReadonlySet<number> = new Set([400, 401, 403]);

function refused(response: HttpResponse, request: TokenRequest, body: Uint8Array): AppError {
  const { credential, registry, realm } = request;
  const secret = credential?.kind === 'basic' ? credential.password : credential?.token;
  const given = loginOf(request);
  const sent = given === undefined ? undefined : basicHeader(given);
  const words = errorMessageOf(body, secretRedactor([secret, ...secretsInAuthorization(sent)]));
  const known = knownRegistry(registry, challengeHeaders(request));
  const { status } = response;
  const isLogin = credential !== undefined && REJECTED.has(status);
  const title = isLogin
    ? `${registry} ${status === 403 ? 'issued no token for' : 'rejected'} this login`
    : `cannot get a token for ${registry} from ${realm.host}`;
  const server = isLogin ? [`the token server is ${realm.host}`] : [];
  return new AppError('TOKEN_FAILED', title, {
    why: [
      `HTTP ${status}`,
      ...(words === undefined ? [] : [`the token server says "${words}"`]),
      ...server,
      credential === undefined
        ? 'no credentials were sent'
        : `credentials from ${credential.origin} were sent`,
    ],
    hint: refusedHint(request, status, known),
    details: { registry, realm: redactUrl(realm), status },
  });
}

function refusedHint(
  { credential, registry, realm }: TokenRequest,
  status: number,
  known: KnownRegistry | undefined,
): string {
  if (status >= 500) {
    return `Check the connection to the registry and its token server: regctl doctor ${registry}`;
  }
  if (status === 404 || status === 405) {
    return `The login challenge of the registry may be wrong: check that ${realm.host} is its token server.`;
  }
  return credential === undefined
    ? loginAdvice({ registry }, known)
    : rejectedLoginHint(credential.origin, { registry }, known);
}

/** @throws NetworkError that names the registry of the token server */
async function sendTo(
  request: HttpRequest,
  { registry }: TokenRequest,
  context: TokenContext,
): Promise<HttpResponse> {
  try {
    return await context.send(request);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const { code, message, retry, hint, why, cause } = error;
    const fact = `${registry} names ${request.url.host} as its token server in its login challenge`;
    throw new NetworkError(code, message, { retry, hint, why: [fact, ...why], cause });
  }
}

function challengeHeaders({ realm, service }: TokenRequest): Parameters<typeof knownRegistry>[1] {
  const challenge = formatChallenge({ kind: 'bearer', realm, service });
  const lines = challenge === undefined ? [] : [challenge];
  return { all: (name) => (name === 'www-authenticate' ? lines : []) };
}

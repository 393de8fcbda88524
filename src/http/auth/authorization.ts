import type { Authorization, AuthorizationOptions, AuthorizationRequest } from './types.ts';
import { createHash } from 'node:crypto';
import type { Credential } from '../../credentials/types.ts';
import { AppError } from '../../errors/app-error.ts';
import { apiHost } from '../../reference/docker-hub.ts';
import { abortable } from '../../util/abort.ts';
import { classifyHost } from '../address/class.ts';
import type { AuthScheme } from './challenge.ts';
import { coversScopes, mergeScopes } from './scopes.ts';
import { basicHeader, fetchToken } from './token-exchange.ts';
import type { Token } from './token-response.ts';
import { originKey, type CachedToken, type TokenOwner } from './token-store.ts';
import { evaluateRealm } from './realm-trust.ts';

/**
 * Returns the best authorization for the offers; `undefined` if none can be used.
 * @throws AppError REALM_UNTRUSTED, TARGET_FORBIDDEN, TOKEN_FAILED, errors of credential sources
 */
export async function obtainAuthorization(
  request: AuthorizationRequest,
  options: AuthorizationOptions,
): Promise<Authorization | undefined> {
  if (request.offers.length === 0) return undefined;
  const credential = await lookUpCredential(request, options);
  if (credential?.kind === 'registry-token') {
    return { kind: 'static', header: `Bearer ${credential.token}`, credential };
  }
  let refusal: AppError | undefined;
  for (const scheme of request.offers) {
    try {
      const authorization =
        scheme.kind === 'basic'
          ? basicAuthorization(credential)
          : await tokenAuthorization(request, scheme, credential, options);
      if (authorization !== undefined) return authorization;
    } catch (error) {
      // An untrusted realm does not rule out the registry's other offers.
      if (!isRealmRefusal(error)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
}

async function lookUpCredential(
  { auth, url, signal }: AuthorizationRequest,
  { credentials, policies }: AuthorizationOptions,
): Promise<Credential | undefined> {
  const credential = await credentials.lookup(auth.registry, auth.repository, { signal });
  if (credential === undefined || url.protocol === 'https:') return credential;
  const policy = policies(apiHost(auth.registry));
  const agreed = policy.scheme === 'http' || !policy.verifyTls;
  if (agreed || classifyHost(url.hostname) === 'loopback') return credential;
  throw new AppError(
    'TARGET_FORBIDDEN',
    `the credentials from ${credential.origin} are not sent to ${url.host} over plain HTTP`,
    { hint: `If ${auth.registry} is meant to be used without TLS, add --plain-http.` },
  );
}

function basicAuthorization(credential: Credential | undefined): Authorization | undefined {
  if (credential?.kind !== 'basic') return undefined;
  return { kind: 'basic', header: basicHeader(credential), credential };
}

async function tokenAuthorization(
  request: AuthorizationRequest,
  offer: AuthScheme & { kind: 'bearer' },
  credential: Exclude<Credential, { kind: 'registry-token' }> | undefined,
  options: AuthorizationOptions,
): Promise<Authorization | undefined> {
  const { realm, service } = offer;
  if (realm === undefined) return undefined;
  const { cache } = options;
  const { auth, scopes } = request;
  await checkRealm(request, realm, credential, options);
  const owner = tokenOwnerOf(request, { realm, service }, credential, options);
  const grantOf = (
    token: CachedToken,
    origin: { cached: boolean; stored: boolean; accepted: boolean },
  ): Authorization => ({
    kind: 'token',
    header: `Bearer ${token.value}`,
    token: token.value,
    owner,
    scopes: token.scopes,
    offer,
    ...origin,
    credential,
  });
  const found = cache.find(owner, scopes);
  if (found !== undefined)
    return grantOf(found, { cached: true, stored: found.stored, accepted: found.accepted });
  if (request.renew === true && credential !== undefined) {
    options.credentials.forget(auth.registry);
    return tokenAuthorization(
      { ...request, renew: false },
      offer,
      await renewedCredential(request, options),
      options,
    );
  }
  const fetch = async (asked: readonly string[]): Promise<Authorization> => {
    request.signal?.throwIfAborted();
    const { singleAttempt } = request;
    const exchange = (): Promise<Token> =>
      fetchToken(
        {
          registry: auth.registry,
          registryUrl: request.url,
          realm,
          service,
          scopes: asked,
          credential,
          singleAttempt,
        },
        {
          send: request.send,
          now: options.now,
          knownClass: options.knownClass,
          signal: options.closed,
        },
      );
    const fetched = cache.fetch(owner, asked, exchange, { singleAttempt });
    const origin = { cached: false, stored: false, accepted: false };
    return grantOf(await abortable(fetched, request.signal), origin);
  };
  const wide = mergeScopes(scopes, auth.upcomingScopes ?? []);
  if (coversScopes(scopes, wide)) return fetch(scopes);
  try {
    return await fetch(wide);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return fetch(scopes);
  }
}

/** Whether the token server refused; perhaps only one of several scopes. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'TOKEN_FAILED') return false;
  const status = error.details?.['status'];
  return typeof status === 'number' && status >= 400 && status < 500;
}

function tokenOwnerOf(
  { auth: { registry }, url }: AuthorizationRequest,
  { realm, service }: { readonly realm: URL; readonly service: string | undefined },
  credential: Credential | undefined,
  { policies }: AuthorizationOptions,
): TokenOwner {
  return {
    registry,
    origin: originKey(url, policies(apiHost(registry)).verifyTls),
    realm: realm.href,
    service,
    identity: credentialFingerprint(credential),
    persistent: credential?.neverPersist !== true,
  };
}

/** Asks the credential's source again; a registry token counts as none. */
async function renewedCredential(
  request: AuthorizationRequest,
  options: AuthorizationOptions,
): Promise<Exclude<Credential, { kind: 'registry-token' }> | undefined> {
  const credential = await lookUpCredential(request, options);
  return credential?.kind === 'registry-token' ? undefined : credential;
}

async function checkRealm(
  { auth, url }: AuthorizationRequest,
  realm: URL,
  credential: Credential | undefined,
  { allowedRealms }: AuthorizationOptions,
): Promise<void> {
  const { registry } = auth;
  const { verdict, rule } = await evaluateRealm({
    registry,
    registryUrl: url,
    realm,
    allowed: allowedRealms,
  });
  const details = { registry, realm: realm.host };
  if (verdict === 'forbidden') {
    throw new AppError(
      'TARGET_FORBIDDEN',
      `the login challenge of ${registry} names a token server that must not be used`,
      {
        why: [`the realm ${realm.host || realm.protocol} ${rule}`],
        hint: 'The operator of the registry must correct the realm in its challenge.',
        details,
      },
    );
  }
  if (verdict === 'trusted' || credential === undefined) return;
  throw new AppError(
    'REALM_UNTRUSTED',
    `cannot send the login for ${registry} to ${realm.host}: it is not known to be its token server`,
    {
      why: [`the realm ${realm.host} ${rule}`, `the credentials are from ${credential.origin}`],
      hint: `If you trust ${realm.host}, add --allow-realm ${realm.host}. To allow it permanently, log in: regctl login ${registry}`,
      details,
    },
  );
}

function isRealmRefusal(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    (error.code === 'REALM_UNTRUSTED' || error.code === 'TARGET_FORBIDDEN') &&
    error.details?.['realm'] !== undefined
  );
}

/** Distinguishes credentials without their secrets in the key. */
export function credentialFingerprint(credential: Credential | undefined): string {
  if (credential === undefined) return 'anonymous';
  const parts =
    credential.kind === 'basic'
      ? [credential.kind, credential.username, credential.password]
      : [credential.kind, credential.token];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

import { type Challenge, parseChallenges } from './challenge.ts';
import { splitScopes } from './scopes.ts';
import type { HttpResponse } from '../types.ts';

/** A way to authenticate that a registry offers and regctl knows. */
export type AuthScheme =
  | {
      readonly kind: 'bearer';
      readonly realm?: URL | undefined;
      readonly service?: string | undefined;
    }
  | { readonly kind: 'basic' };

export interface AuthChallenge {
  /** Best first: Bearer before Basic. Empty when the answer offers nothing usable. */
  readonly offers: readonly AuthScheme[];
  /** Scopes the registry names. */
  readonly scopes: readonly string[];
}

/**
 * What an answer demands, or `undefined` when it is no demand for credentials. A 403 is one only
 * with `insufficient_scope` (RFC 6750 section 3.1).
 */
export function authChallengeOf(response: HttpResponse): AuthChallenge | undefined {
  if (response.status !== 401 && response.status !== 403) return undefined;
  const challenges = parseChallenges(response.headers.all('www-authenticate'));
  const bearers = challenges.filter(({ scheme }) => scheme === 'bearer');
  const widening = bearers.some((one) => one.parameters.get('error') === 'insufficient_scope');
  if (response.status === 403 && !widening) return undefined;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  return {
    offers: [...bearers.map(bearerScheme), ...(basic ? [{ kind: 'basic' } as const] : [])],
    scopes: splitScopes(bearers[0]?.parameters.get('scope') ?? ''),
  };
}

function bearerScheme({ parameters }: Challenge): AuthScheme {
  const realm = parameters.get('realm');
  const url = realm !== undefined && URL.canParse(realm) ? new URL(realm) : undefined;
  if (url !== undefined) {
    url.username = '';
    url.password = '';
    url.hash = '';
  }
  return { kind: 'bearer', realm: url, service: parameters.get('service') };
}

/** An offer as a registry writes it, to know its software by. */
export function formatChallenge(scheme: AuthScheme): string | undefined {
  if (scheme.kind === 'basic' || scheme.realm === undefined) return undefined;
  const service = scheme.service === undefined ? '' : `,service="${scheme.service}"`;
  return `Bearer realm="${scheme.realm.href}"${service}`;
}

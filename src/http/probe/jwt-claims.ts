import { isRecord } from '../../util/json.ts';
import { sanitize } from '../../errors/sanitize.ts';

/** What a token says about itself; nothing is verified, so it decides nothing. */
export interface JwtClaims {
  /** Milliseconds since the epoch, like `expires`. */
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
  /** "repository:team/app:pull,push"; undefined when the token does not list them. */
  readonly access: readonly string[] | undefined;
}

const MAX_TOKEN = 64 * 1024;

/** The claims of a JWT (RFC 7519); undefined for a token that is opaque. */
export function jwtClaims(token: string): JwtClaims | undefined {
  const [, payload, signature, ...rest] = token.length > MAX_TOKEN ? [] : token.split('.');
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(claims)) return undefined;
  return {
    notBefore: dateOf(claims['nbf']),
    expires: dateOf(claims['exp']),
    access: accessOf(claims['access']),
  };
}

function dateOf(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** distribution docs/content/spec/auth/jwt.md: `access` is a list of type, name, actions. */
function accessOf(access: unknown): readonly string[] | undefined {
  if (!Array.isArray(access)) return undefined;
  return access.filter(isRecord).flatMap(({ type, name, actions }) => {
    if (typeof type !== 'string' || typeof name !== 'string' || !Array.isArray(actions)) return [];
    const words = actions.filter((one) => typeof one === 'string');
    return words.length === 0 ? [] : [sanitize(`${type}:${name}:${words.join(',')}`)];
  });
}

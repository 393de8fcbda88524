import { asRecord } from '../../util/json.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch after which it is not used. */
  readonly renewAt: number;
}

/** distribution docs/content/spec/auth/token.md: the default, and the least clients must assume. */
const LEAST_SECONDS = 60;
/** A longer lifetime exceeds that of any program. */
const MOST_SECONDS = 10 * 365 * 24 * 60 * 60;
const VISIBLE_ASCII = /^[\u0021-\u007e]+$/u;

/** @throws AppError TOKEN_FAILED when the answer holds no usable token */
export function readToken(body: Uint8Array, realmHost: string, now: number): Token {
  const answer = asRecord(
    parseJsonStrict(body, 'TOKEN_FAILED', `answer of the token server ${realmHost}`),
  );
  // Both names mean the same; OAuth2 uses access_token.
  const value = [answer['access_token'], answer['token']].find(
    (one): one is string => typeof one === 'string' && one !== '',
  );
  if (value === undefined) {
    throw new AppError('TOKEN_FAILED', `the token server ${realmHost} did not include a token`);
  }
  if (!VISIBLE_ASCII.test(value)) {
    throw new AppError(
      'TOKEN_FAILED',
      `the token of ${realmHost} holds characters that no header may carry`,
    );
  }
  return { value, renewAt: renewAt(answer['expires_in'], answer['issued_at'], now) };
}

/**
 * Renews early, by a tenth of the lifetime or 30 s, whichever is less. `issued_at` counts only if
 * both clocks agree: not in the future, and not so old that the token is already expired.
 */
function renewAt(expiresIn: unknown, issuedAt: unknown, now: number): number {
  const given = typeof expiresIn === 'number' || typeof expiresIn === 'string' ? expiresIn : 0;
  const seconds = Math.min(Number(given), MOST_SECONDS);
  const lifetime = Math.max(Number.isNaN(seconds) ? 0 : seconds, LEAST_SECONDS) * 1000;
  const issued = typeof issuedAt === 'string' ? Date.parse(issuedAt) : Number.NaN;
  const start = issued <= now && issued + lifetime > now ? issued : now;
  return start + lifetime - Math.min(lifetime / 10, 30_000);
}

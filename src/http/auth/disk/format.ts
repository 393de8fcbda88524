import { asRecord } from '../../../util/json.ts';
import type { AuthScheme } from '../challenge.ts';
import { scopeKey } from '../scopes.ts';
import type { ChallengeKey } from '../token-store.ts';

/** A token as stored on disk. Times are milliseconds since the epoch. */
export interface TokenRecord {
  readonly registry: string;
  readonly origin: string;
  readonly realm: string;
  readonly service: string | null;
  /** Keyed hash of `TokenOwner.identity`. */
  readonly identity: string;
  readonly scopes: readonly string[];
  readonly value: string;
  readonly storedAt: number;
  readonly renewAt: number;
}

export interface ChallengeRecord extends ChallengeKey {
  readonly offers: readonly AuthScheme[];
  readonly storedAt: number;
}

/**
 * A registry was logged out of. A run that read the cache before that logout must not write its
 * tokens back.
 */
export interface ForgottenRecord {
  /** Keyed hash, so that the file does not reveal where the user was logged in. */
  readonly registry: string;
  /** Identifies the logout, so that no clocks are compared. */
  readonly id: string;
  readonly storedAt: number;
}

export interface TokenDocument {
  readonly tokens: readonly TokenRecord[];
  readonly challenges: readonly ChallengeRecord[];
  readonly forgotten: readonly ForgottenRecord[];
}

export const EMPTY_CACHE: TokenDocument = { tokens: [], challenges: [], forgotten: [] };

const VERSION = 1;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Upper limit, even if a token server states a longer lifetime. */
const MAX_TOKEN_AGE = DAY;
const MAX_CHALLENGE_AGE = 7 * DAY;
/** Clocks of machines that share a home directory differ a little; more means a wrong clock. */
const MAX_SKEW = MINUTE;
export const MAX_TOKENS = 100;
const MAX_CHALLENGES = 200;
const MAX_FORGOTTEN = 200;
/** Longer than any run lasts. */
const MAX_FORGOTTEN_AGE = 30 * DAY;
const MAX_OFFERS = 8;
/** Characters of one record, and of all tokens or all challenges together. */
const MAX_RECORD = 16 * 1024;
const MAX_ALL = 256 * 1024;
const VISIBLE_ASCII = /^[\u0021-\u007e]+$/u;

/** Parses a file with any content; invalid records are left out. */
export function parseDocument(text: string): TokenDocument {
  let raw: Raw;
  try {
    raw = asRecord(JSON.parse(text));
  } catch {
    return EMPTY_CACHE;
  }
  if (raw['version'] !== VERSION) return EMPTY_CACHE;
  return {
    tokens: listOf(raw['tokens']).flatMap((one) => tokenOf(asRecord(one)) ?? []),
    challenges: listOf(raw['challenges']).flatMap((one) => challengeOf(asRecord(one)) ?? []),
    forgotten: listOf(raw['forgotten']).flatMap((one) => forgottenOf(asRecord(one)) ?? []),
  };
}

export function printDocument(document: TokenDocument): string {
  return `${JSON.stringify({ version: VERSION, ...document })}\n`;
}

/** Removes expired records and records from the future. */
export function withoutExpired(
  { tokens, challenges, forgotten }: TokenDocument,
  now: number,
): TokenDocument {
  const born = (storedAt: number, maxAge: number): boolean =>
    storedAt <= now + MAX_SKEW && storedAt + maxAge > now;
  return {
    tokens: tokens.filter((one) => born(one.storedAt, MAX_TOKEN_AGE) && one.renewAt > now),
    challenges: challenges.filter((one) => born(one.storedAt, MAX_CHALLENGE_AGE)),
    forgotten: forgotten.filter((one) => born(one.storedAt, MAX_FORGOTTEN_AGE)),
  };
}

/** Keeps the newest records within the limits. */
export function withinLimits({ tokens, challenges, forgotten }: TokenDocument): TokenDocument {
  return {
    tokens: newest(tokens, MAX_TOKENS),
    challenges: newest(challenges, MAX_CHALLENGES),
    forgotten: newest(forgotten, MAX_FORGOTTEN),
  };
}

function newest<T extends { readonly storedAt: number }>(
  records: readonly T[],
  count: number,
): readonly T[] {
  let room = MAX_ALL;
  return records
    .map((record) => ({ record, size: JSON.stringify(record).length }))
    .filter(({ size }) => size <= MAX_RECORD)
    .toSorted((a, b) => b.record.storedAt - a.record.storedAt)
    .slice(0, count)
    .filter(({ size }) => (room -= size) >= 0)
    .map(({ record }) => record);
}

/** Records with the same key are versions of one; scopes distinguish an owner's tokens. */
export function tokenKey(one: TokenRecord): string {
  const { registry, origin, realm, service, identity, scopes } = one;
  return JSON.stringify([registry, origin, realm, service, identity, scopeKey(scopes)]);
}

type RecordOwner = Pick<TokenRecord, 'registry' | 'origin' | 'realm' | 'service' | 'identity'>;

export function sameOwner(a: RecordOwner, b: RecordOwner): boolean {
  return (
    a.identity === b.identity &&
    a.registry === b.registry &&
    a.origin === b.origin &&
    a.realm === b.realm &&
    a.service === b.service
  );
}

export function challengeKey({ registry, origin, area }: ChallengeKey): string {
  return JSON.stringify([registry, origin, area]);
}

type Raw = Readonly<Record<string, unknown>>;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

const isText = (value: unknown): value is string => typeof value === 'string';

function tokenOf(raw: Raw): TokenRecord | undefined {
  const { registry, origin, realm, service, identity, scopes, value, storedAt, renewAt } = raw;
  const whole =
    [registry, origin, realm, identity].every(isText) &&
    (service === null || isText(service)) &&
    Array.isArray(scopes) &&
    scopes.every(isText) &&
    isText(value) &&
    VISIBLE_ASCII.test(value) &&
    Number.isFinite(storedAt) &&
    Number.isFinite(renewAt);
  return whole ? (raw as unknown as TokenRecord) : undefined;
}

function challengeOf(raw: Raw): ChallengeRecord | undefined {
  const { registry, origin, area, storedAt } = raw;
  const offers = listOf(raw['offers']).map((one) => offerOf(asRecord(one)));
  const known = offers.filter((one) => one !== undefined);
  const whole =
    isText(registry) &&
    isText(origin) &&
    (area === 'repository' || area === 'registry') &&
    typeof storedAt === 'number' &&
    known.length > 0 &&
    known.length === offers.length &&
    known.length <= MAX_OFFERS;
  return whole ? { registry, origin, area, offers: known, storedAt } : undefined;
}

function forgottenOf(raw: Raw): ForgottenRecord | undefined {
  const { registry, id, storedAt } = raw;
  return isText(registry) && isText(id) && typeof storedAt === 'number'
    ? { registry, id, storedAt }
    : undefined;
}

/** A realm is stored as its URL; it is checked when it is used. */
function offerOf({ kind, realm, service }: Raw): AuthScheme | undefined {
  if (kind === 'basic') return { kind };
  if (kind !== 'bearer' || !isText(realm) || !URL.canParse(realm)) return undefined;
  return { kind, realm: new URL(realm), service: isText(service) ? service : undefined };
}

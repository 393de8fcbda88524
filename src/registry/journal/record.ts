import { createHash } from 'node:crypto';
import type { JournaledBlob, JournaledSession } from './types.ts';

/** Registries clean up sessions after a day to a week. */
export const MAX_AGE_MS = 24 * 60 * 60_000;
/** Bytes of one file. */
export const MAX_RECORD = 16 * 1024;

/** Clocks of machines that share a home directory differ a little. */
const MAX_SKEW_MS = 60_000;
const MAX_URL = 8 * 1024;
const VERSION = 1;

export interface JournalRecord {
  readonly session: JournaledSession;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
}

/** Files of the same upload have the same key. */
export function keyOf({ registry, repository, digest, size }: JournaledBlob): string {
  const text = JSON.stringify([registry, repository, digest, size]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export function printRecord(blob: JournaledBlob, { session, openedAt }: JournalRecord): string {
  return `${JSON.stringify({ version: VERSION, ...blob, ...session, openedAt })}\n`;
}

/** The destination of a record's upload; `undefined` if it is not a record. */
export function destinationOfRecord(
  text: string,
): Pick<JournaledBlob, 'registry' | 'repository'> | undefined {
  const { registry, repository } = objectOf(text);
  if (!isHttpUrl(registry) || typeof repository !== 'string') return undefined;
  return { registry, repository };
}

/** `undefined` if damaged, too old, from the future, or of another upload. */
export function parseRecord(
  text: string,
  blob: JournaledBlob,
  now: number,
): JournalRecord | undefined {
  const raw = objectOf(text);
  const { version, url, minChunk, openedAt } = raw;
  if (version !== VERSION) return undefined;
  const same = (['registry', 'repository', 'digest', 'size'] as const).every(
    (name) => raw[name] === blob[name],
  );
  if (!same || !isHttpUrl(url) || !isTime(openedAt, now)) return undefined;
  if (minChunk !== undefined && !(Number.isSafeInteger(minChunk) && Number(minChunk) >= 0)) {
    return undefined;
  }
  return { session: { url, minChunk: minChunk as number | undefined }, openedAt };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isHttpUrl(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_URL || !URL.canParse(value)) return false;
  return /^https?:$/u.test(new URL(value).protocol);
}

function isTime(value: unknown, now: number): value is number {
  return typeof value === 'number' && value <= now + MAX_SKEW_MS && value > now - MAX_AGE_MS;
}

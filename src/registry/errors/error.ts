import { STATUS_CODES } from 'node:http';
import { RegistryError, type RegistryErrorEntry } from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { redactUrl } from '../../errors/redact.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { triedText } from '../../http/retry/pauses.ts';
import { isRetried } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import type { Connection } from '../requests.ts';
import { hasCode, readRefusal, type Refusal } from './body.ts';
import { hintFor } from './hints.ts';

export interface Verdict {
  readonly code?: ErrorCode | undefined;
  readonly hint?: string | undefined;
}

const SHOWN_ENTRIES = 3;
/** Statuses where it matters who was asking. */
const ACCESS_STATUSES: ReadonlySet<number> = new Set([401, 403, 404]);

export async function responseError(
  connection: Connection,
  attempt: Attempt,
  method: string,
  response: HttpResponse,
): Promise<RegistryError> {
  return refusalError(connection, attempt, await readRefusal(method, response));
}

/** At most three lines: what failed, the registry's own words, who was asking. */
export function refusalError(
  connection: Connection,
  attempt: Attempt,
  refusal: Refusal,
  verdict: Verdict = {},
): RegistryError {
  const code = verdict.code ?? codeFor(attempt, refusal);
  const status = `${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`.trim();
  const lines = [
    `cannot ${attempt.action} ${sanitize(attempt.target)}: ${status}${tried(refusal)}`,
    ...registryWords(refusal),
    ...whoAsked(refusal),
  ];
  return new RegistryError(
    code,
    lines.join('\n'),
    {
      status: refusal.status,
      method: refusal.method,
      url: redactUrl(refusal.url),
      errors: refusal.entries,
    },
    { hint: verdict.hint ?? hintFor(code, connection, attempt, refusal) },
  );
}

/** The HTTP status decides first; the registry's code only where the status leaves a choice. */
function codeFor(attempt: Attempt, refusal: Refusal): ErrorCode {
  switch (refusal.status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return notFoundCode(attempt, refusal);
    case 405:
    case 501:
      return 'UNSUPPORTED';
    case 429:
      return 'RATE_LIMITED';
    default:
      break;
  }
  if (refusal.status < 400 && refusal.html) return 'NOT_A_REGISTRY';
  if (refusal.status === 400 && hasCode(refusal, 'UNSUPPORTED')) return 'UNSUPPORTED';
  return attempt.kind === 'upload' ? 'UPLOAD_FAILED' : 'REGISTRY_ERROR';
}

function notFoundCode(attempt: Attempt, refusal: Refusal): ErrorCode {
  if (attempt.kind === 'registry') return 'NOT_A_REGISTRY';
  if (hasCode(refusal, 'NAME_UNKNOWN')) return 'REPOSITORY_UNKNOWN';
  switch (attempt.kind) {
    case 'manifest':
      return 'MANIFEST_UNKNOWN';
    case 'blob':
      return 'BLOB_UNKNOWN';
    case 'upload':
      return 'UPLOAD_FAILED';
    case 'repository':
      return 'REPOSITORY_UNKNOWN';
  }
}

/** Where another try might have helped, how many there were. */
function tried({ status, tries }: Refusal): string {
  return isRetried(status) ? triedText(tries) : '';
}

function registryWords(refusal: Refusal): string[] {
  if (refusal.method === 'HEAD') return [];
  const words = refusal.entries.slice(0, SHOWN_ENTRIES).map(formatEntry);
  return words.length === 0 ? [] : [`the registry says: ${words.join('; ')}`];
}

function formatEntry(entry: RegistryErrorEntry): string {
  const detail = typeof entry.detail === 'string' ? ` (${entry.detail.slice(0, 200)})` : '';
  const text = `${entry.message}${entry.detail === entry.message ? '' : detail}`;
  return sanitize(entry.code === '' ? text : text === '' ? entry.code : `${entry.code}: ${text}`);
}

function whoAsked(refusal: Refusal): string[] {
  if (!ACCESS_STATUSES.has(refusal.status) || refusal.credentials === undefined) return [];
  if (!refusal.credentials.sent) return ['no credentials were sent'];
  const origin = refusal.credentials.origin;
  return [`credentials ${origin === undefined ? '' : `from ${sanitize(origin)} `}were sent`];
}

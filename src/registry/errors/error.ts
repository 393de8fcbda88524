import { STATUS_CODES } from 'node:http';
import {
  type AppErrorOptions,
  RegistryError,
  type RegistryErrorEntry,
} from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { redactUrl } from '../../errors/redact.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { formatAttempts } from '../../http/retry/pauses.ts';
import { isRetryableStatus } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Operation, RequestContext } from '../requests.ts';
import { type ErrorResponse, hasErrorCode, readErrorResponse } from './body.ts';
import { hintFor } from './hints.ts';

export interface ErrorOverride {
  readonly code?: ErrorCode | undefined;
  readonly hint?: string | undefined;
  readonly details?: AppErrorOptions['details'];
}

const SHOWN_ENTRIES = 3;
/** Statuses where it matters who was asking. */
const ACCESS_STATUSES: ReadonlySet<number> = new Set([401, 403, 404]);

export async function errorFromResponse(
  context: RequestContext,
  operation: Operation,
  method: string,
  response: HttpResponse,
): Promise<RegistryError> {
  return registryErrorFrom(context, operation, await readErrorResponse(method, response));
}

/** At most three lines: what failed, the registry's own words, who was asking. */
export function registryErrorFrom(
  context: RequestContext,
  operation: Operation,
  answer: ErrorResponse,
  verdict: ErrorOverride = {},
): RegistryError {
  const code = verdict.code ?? codeFor(operation, answer);
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
  const lines = [
    `cannot ${operation.action} ${sanitize(operation.target)}: ${status}${attemptsText(answer)}`,
    ...registryMessages(answer),
    ...whoAsked(answer),
  ];
  return new RegistryError(
    code,
    lines.join('\n'),
    {
      status: answer.status,
      method: answer.method,
      url: redactUrl(answer.url),
      errors: answer.entries,
    },
    { hint: verdict.hint ?? hintFor(code, context, operation, answer), details: verdict.details },
  );
}

/** The HTTP status decides first; the registry's code only where the status leaves a choice. */
function codeFor(operation: Operation, answer: ErrorResponse): ErrorCode {
  switch (answer.status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'FORBIDDEN';
    case 404:
      return notFoundCode(operation, answer);
    case 405:
    case 501:
      return 'UNSUPPORTED';
    case 429:
      return 'RATE_LIMITED';
    default:
      break;
  }
  if (answer.status < 400 && answer.html) return 'NOT_A_REGISTRY';
  if (answer.status === 400 && hasErrorCode(answer, 'UNSUPPORTED')) return 'UNSUPPORTED';
  return operation.kind === 'upload' ? 'UPLOAD_FAILED' : 'REGISTRY_ERROR';
}

function notFoundCode(operation: Operation, answer: ErrorResponse): ErrorCode {
  if (operation.kind === 'registry') return 'NOT_A_REGISTRY';
  if (hasErrorCode(answer, 'NAME_UNKNOWN')) return 'REPOSITORY_UNKNOWN';
  switch (operation.kind) {
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
function attemptsText({ status, attempts }: ErrorResponse): string {
  return isRetryableStatus(status) ? formatAttempts(attempts) : '';
}

function registryMessages(answer: ErrorResponse): string[] {
  if (answer.method === 'HEAD') return [];
  const words = answer.entries.slice(0, SHOWN_ENTRIES).map(formatEntry);
  return words.length === 0 ? [] : [`the registry says: ${words.join('; ')}`];
}

function formatEntry(entry: RegistryErrorEntry): string {
  const detail = typeof entry.detail === 'string' ? ` (${entry.detail.slice(0, 200)})` : '';
  const text = `${entry.message}${entry.detail === entry.message ? '' : detail}`;
  return sanitize(entry.code === '' ? text : text === '' ? entry.code : `${entry.code}: ${text}`);
}

function whoAsked(answer: ErrorResponse): string[] {
  if (!ACCESS_STATUSES.has(answer.status) || answer.credentials === undefined) return [];
  if (!answer.credentials.sent) return ['no credentials were sent'];
  const origin = answer.credentials.origin;
  return [`credentials ${origin === undefined ? '' : `from ${sanitize(origin)} `}were sent`];
}

import {
  type AppErrorOptions,
  RegistryError,
  type RegistryErrorEntry,
} from '../../errors/app-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { redactHeader, redactUrl } from '../../errors/redact.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { hasUsableChallenge } from '../../http/auth/challenge.ts';
import { attemptFacts } from '../../http/retry/pauses.ts';
import { isRetryableStatus } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Operation, RequestContext } from '../requests.ts';
import { type ErrorResponse, hasErrorCode, isReadOnly, readErrorResponse } from './body.ts';
import { reasonIn } from './detail.ts';
import { hintFor } from './hints.ts';

export interface ErrorOverride {
  readonly code?: ErrorCode | undefined;
  readonly hint?: string | undefined;
  readonly details?: AppErrorOptions['details'];
}

const SHOWN_ENTRIES = 3;
/** Statuses for which the credentials matter. */
const ACCESS_STATUSES: ReadonlySet<number> = new Set([401, 403, 404]);

export async function errorFromResponse(
  context: RequestContext,
  operation: Operation,
  method: string,
  response: HttpResponse,
): Promise<RegistryError> {
  return registryErrorFrom(context, operation, await readErrorResponse(method, response));
}

export function registryErrorFrom(
  context: RequestContext,
  operation: Operation,
  answer: ErrorResponse,
  verdict: ErrorOverride = {},
): RegistryError {
  const code = verdict.code ?? codeFor(operation, answer);
  return new RegistryError(
    code,
    titleOf(code, context, operation, answer),
    {
      status: answer.status,
      method: answer.method,
      url: redactUrl(answer.url),
      errors: answer.entries,
      credentials: answer.credentials,
      attempts: answer.attempts,
    },
    {
      why: factsOf(code, answer),
      hint: verdict.hint ?? hintFor(code, context, operation, answer),
      details: verdict.details,
    },
  );
}

/** One line: what is wrong with the request, or what failed and why. */
function titleOf(
  code: ErrorCode,
  { registry }: RequestContext,
  { action, target, kind }: Operation,
  answer: ErrorResponse,
): string {
  const name = sanitize(target);
  const failed = (cause: string): string => `cannot ${action} ${name}: ${cause}`;
  const isSent = answer.credentials?.sent === true;
  switch (code) {
    case 'UNAUTHORIZED':
      if (!isSent) return `${name} requires a login`;
      return kind === 'registry'
        ? `${name} rejected this login`
        : failed('the registry rejected this login');
    case 'FORBIDDEN':
      return failed(
        isReadOnly(answer)
          ? 'the registry is read-only'
          : isSent
            ? 'this login has no permission'
            : 'access is denied',
      );
    case 'MANIFEST_UNKNOWN':
    case 'BLOB_UNKNOWN':
      return `${name} does not exist`;
    case 'REPOSITORY_UNKNOWN':
      return kind === 'repository'
        ? `${name} does not exist`
        : failed('the repository does not exist');
    case 'RATE_LIMITED':
      return failed('the registry limits the rate of requests');
    case 'NOT_A_REGISTRY':
      return `${registry} does not answer like a registry`;
    case 'UNSUPPORTED':
    case 'UNTAG_UNSUPPORTED':
      return failed(
        isReadOnly(answer) ? 'the registry is read-only' : 'the registry does not support this',
      );
    default:
      return failed(causeOf(answer));
  }
}

function causeOf({ status }: ErrorResponse): string {
  if (status === 413) return 'the registry does not accept requests of this size';
  if (status === 507) return 'no space is left at the registry';
  if (status >= 500) return 'the registry, or a proxy in front of it, failed';
  return status < 400
    ? 'the registry sent an unexpected response'
    : 'the registry rejected the request';
}

/** The HTTP status decides first; the registry's code only if the status is ambiguous. */
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

/** The facts that the title lacks: status, the registry's words, credentials, tries. */
function factsOf(code: ErrorCode, answer: ErrorResponse): readonly string[] {
  return [
    `HTTP ${answer.status}`,
    ...registryWords(answer),
    ...credentialFacts(code, answer),
    ...(isRetryableStatus(answer.status) ? attemptFacts(answer.attempts) : []),
  ];
}

function registryWords(answer: ErrorResponse): string[] {
  if (answer.method === 'HEAD') return [];
  if (answer.html) return answer.entries.map(({ message }) => `the answer is ${sanitize(message)}`);
  const words = answer.entries.map(formatEntry).filter((text) => text !== '');
  return [...new Set(words)].slice(0, SHOWN_ENTRIES).map((text) => `the registry says "${text}"`);
}

/** "CODE: words (reason)". */
function formatEntry({ code, message, detail }: RegistryErrorEntry): string {
  const words = trimEnd(message);
  const reason = trimEnd(reasonIn(detail) ?? '');
  const text = [
    words,
    ...(reason === '' || words.includes(reason) ? [] : [words === '' ? reason : `(${reason})`]),
  ]
    .filter((part) => part !== '')
    .join(' ');
  return sanitize([code, text].filter((part) => part !== '').join(': '));
}

function trimEnd(text: string): string {
  return text.replace(/[\s.:]+$/u, '');
}

function credentialFacts(code: ErrorCode, answer: ErrorResponse): string[] {
  if (!ACCESS_STATUSES.has(answer.status) || answer.credentials === undefined) return [];
  const { sent, origin } = answer.credentials;
  const challenge = code === 'UNAUTHORIZED' ? challengeFacts(answer) : [];
  if (!sent) return ['no credentials were sent', ...challenge];
  return [
    origin === undefined
      ? 'credentials were sent'
      : `credentials from ${sanitize(origin)} were sent`,
    ...challenge,
  ];
}

/** A 401 without a login challenge that regctl supports (RFC 9110 section 11.6.1). */
function challengeFacts({ headers }: ErrorResponse): string[] {
  const lines = headers.all('www-authenticate');
  if (lines.length === 0) return ['the registry sent no login challenge (WWW-Authenticate)'];
  if (hasUsableChallenge(lines)) return [];
  const shown = sanitize(redactHeader('www-authenticate', lines.join(', ')).slice(0, 200));
  return [`the registry's login challenge cannot be used (WWW-Authenticate ${shown})`];
}

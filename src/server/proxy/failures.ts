import { AppError } from '../../errors/app-error.ts';
import { ProtocolError } from '../protocol-error.ts';

const MISSING: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'REPOSITORY_UNKNOWN',
]);
const REFUSED: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'REALM_UNTRUSTED']);

/** The upstream answered that it does not have this. */
export function isMissing(error: unknown): boolean {
  return error instanceof AppError && MISSING.has(error.code);
}

/** The upstream answered that the proxy may not have this. */
export function isRefused(error: unknown): boolean {
  return error instanceof AppError && REFUSED.has(error.code);
}

/** The answer to a client whose request the upstream did not fulfill. */
export function failureOf(error: unknown, kind: 'manifest' | 'blob', now: number): Error {
  if (!(error instanceof AppError))
    return error instanceof Error ? error : new Error(String(error));
  const { code, message } = error;
  if (isMissing(error)) {
    const unknown = kind === 'blob' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
    return new ProtocolError(
      code === 'REPOSITORY_UNKNOWN' ? 'NAME_UNKNOWN' : unknown,
      `upstream: ${message}`,
    );
  }
  if (isRefused(error)) return new ProtocolError('DENIED', `upstream: ${message}`);
  if (code === 'RATE_LIMITED') {
    return new ProtocolError('TOOMANYREQUESTS', `upstream: ${message}`, {
      headers: retryAfter(error.details?.['retryAt'], now),
    });
  }
  const isSlow = code === 'TIMEOUT';
  return new ProtocolError('UNKNOWN', `upstream: ${message}`, { status: isSlow ? 504 : 502 });
}

function retryAfter(retryAt: unknown, now: number): Readonly<Record<string, string>> {
  const at = typeof retryAt === 'string' ? Date.parse(retryAt) : Number.NaN;
  return at > now ? { 'Retry-After': String(Math.ceil((at - now) / 1000)) } : {};
}

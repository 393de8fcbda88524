import { IntegrityError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, isDigest } from '../../oci/digest.ts';
import type { Source } from '../../store/types.ts';
import type { Operation } from '../requests.ts';
import { type ErrorResponse, hasErrorCode } from '../errors/body.ts';

/** Whether the session no longer exists. */
export function isSessionUnknown(answer: ErrorResponse): boolean {
  return (
    answer.status === 404 && hasErrorCode(answer, 'BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID')
  );
}

/** Whether the received content does not match the digest. */
export function isDigestRefused(answer: ErrorResponse): boolean {
  return answer.status === 400 && hasErrorCode(answer, 'DIGEST_INVALID');
}

/** @throws IntegrityError if the registry stored content with a different digest */
export function checkStored(response: HttpResponse, source: Source, operation: Operation): void {
  const stored = response.headers.get('docker-content-digest')?.trim();
  const { digest } = source.descriptor;
  if (stored === undefined || !isDigest(stored) || stored === digest) return;
  if (algorithmOf(stored) !== algorithmOf(digest)) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `${operation.target}: the registry stored the content as ${stored}`,
    { expected: digest, actual: stored },
  );
}

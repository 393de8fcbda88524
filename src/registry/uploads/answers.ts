import { IntegrityError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, isDigest } from '../../oci/digest.ts';
import type { Source } from '../../store/types.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { hasCode, type Refusal } from '../errors/body.ts';

/** The session is gone. */
export function isLost(refusal: Refusal): boolean {
  return refusal.status === 404 && hasCode(refusal, 'BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID');
}

/** What arrived is not what the digest says. */
export function isDigestRefused(refusal: Refusal): boolean {
  return refusal.status === 400 && hasCode(refusal, 'DIGEST_INVALID');
}

/** @throws IntegrityError when the registry names other content than it was sent */
export function checkStored(response: HttpResponse, source: Source, attempt: Attempt): void {
  const stored = response.headers.get('docker-content-digest')?.trim();
  const { digest } = source.descriptor;
  if (stored === undefined || !isDigest(stored) || stored === digest) return;
  if (algorithmOf(stored) !== algorithmOf(digest)) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `${attempt.target}: the registry stored the content as ${stored}`,
    { expected: digest, actual: stored },
  );
}

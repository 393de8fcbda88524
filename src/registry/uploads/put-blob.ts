import type { PushOutcome, Source } from '../../store/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { canRead, hasBlob } from '../blobs/blobs.ts';
import type { RequestContext } from '../requests.ts';
import { mountOrStartUpload } from './mount.ts';
import { cancelSession } from './status.ts';
import { openUploadLog } from './journaled.ts';
import { sendContent } from './upload.ts';
import type { UploadOptions } from './recover.ts';
import { openSession, writeBlobOperation } from './start.ts';

async function blobExists(
  context: RequestContext,
  digest: Digest,
  options: UploadOptions,
): Promise<boolean> {
  if (options.verifyPresence === true) return canRead(context, digest, options);
  return (await hasBlob(context, digest, options)) !== undefined;
}

/**
 * Mounts a blob, or sends a POST and one PUT (distribution-spec v1.1.1, "Pushing blobs"). First
 * checks what an earlier run left unfinished.
 */
export async function putBlob(
  context: RequestContext,
  source: Source,
  options: UploadOptions = {},
): Promise<PushOutcome> {
  const { descriptor } = source;
  const { digest } = descriptor;
  const operation = writeBlobOperation(context, digest);
  const { log, position } = await openUploadLog(context, descriptor, options);
  if (position !== undefined) {
    if (options.probe === true && (await blobExists(context, digest, options))) {
      await Promise.all([log.done(), cancelSession(context, position.session)]);
      return 'present';
    }
    await sendContent(context, { position, source, operation, log }, options);
    return 'written';
  }
  const start = await mountOrStartUpload(context, descriptor, options);
  if (start === 'mounted' || start === 'present') return start;
  const session = start ?? (await openSession(context, digest, options));
  log.movedTo(session);
  await sendContent(context, { position: { session, offset: 0 }, source, operation, log }, options);
  return 'written';
}

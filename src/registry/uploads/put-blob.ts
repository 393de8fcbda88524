import type { PushOutcome, Source } from '../../store/types.ts';
import type { Digest } from '../../oci/digest.ts';
import { canRead, hasBlob } from '../blobs/blobs.ts';
import type { Connection } from '../requests.ts';
import { startSharing } from './mount.ts';
import { cancelSession } from './status.merge-upload-cancel.ts';
import { takeNotes } from './journaled.ts';
import { sendContent, type UploadOptions } from './upload.ts';
import { openSession, writing } from './start.ts';

async function isThere(
  connection: Connection,
  digest: Digest,
  options: UploadOptions,
): Promise<boolean> {
  if (options.doubt === true) return canRead(connection, digest, options);
  return (await hasBlob(connection, digest, options)) !== undefined;
}

/**
 * Mount, or POST and one PUT (distribution-spec v1.1.1, "Pushing blobs"). What an earlier run left
 * unfinished is asked for first.
 */
export async function putBlob(
  connection: Connection,
  source: Source,
  options: UploadOptions = {},
): Promise<PushOutcome> {
  const { descriptor } = source;
  const { digest } = descriptor;
  const attempt = writing(connection, digest);
  const { notes, place } = await takeNotes(connection, descriptor, options);
  if (place !== undefined) {
    if (options.probe === true && (await isThere(connection, digest, options))) {
      await Promise.all([notes.done(), cancelSession(connection, place.session)]);
      return 'present';
    }
    await sendContent(connection, { place, source, attempt, notes }, options);
    return 'written';
  }
  const start = await startSharing(connection, descriptor, options);
  if (start === 'mounted' || start === 'present') return start;
  const session = start ?? (await openSession(connection, digest, options));
  notes.at(session);
  await sendContent(connection, { place: { session, offset: 0 }, source, attempt, notes }, options);
  return 'written';
}

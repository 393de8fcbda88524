import type { PushOutcome, Source } from '../store/types.ts';
import type { Connection } from './connection.ts';
import { startSharing } from './mounts.ts';
import { sendContent, type UploadOptions } from './upload-session.ts';
import { openSession, writing } from './upload-start.ts';

/** Mount, or POST and one PUT (distribution-spec v1.1.1, "Pushing blobs"). */
export async function putBlob(
  connection: Connection,
  source: Source,
  options: UploadOptions = {},
): Promise<PushOutcome> {
  const { descriptor } = source;
  const { digest } = descriptor;
  const attempt = writing(connection, digest);
  const start = await startSharing(connection, descriptor, options);
  if (start === 'mounted' || start === 'present') return start;
  const session = start ?? (await openSession(connection, digest, options));
  await sendContent(connection, session, source, attempt, options);
  return 'written';
}

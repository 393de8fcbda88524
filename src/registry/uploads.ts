import type { PushOutcome, Source } from '../store/types.ts';
import type { Connection } from './connection.ts';
import { refusalError } from './errors.ts';
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
  const refusal = await sendContent(connection, session, source, attempt, options);
  if (refusal === undefined) return 'written';
  // The session expired or its server forgot it: one more from the start.
  const second = await openSession(connection, digest, options);
  const again = await sendContent(connection, second, source, attempt, options);
  if (again === undefined) return 'written';
  throw refusalError(connection, attempt, again);
}

import { send, type Connection } from '../requests.ts';
import type { UploadTarget } from './location.ts';

/** Longest wait for the cancellation of a session that failed: an interrupted command has two seconds. */
const CANCEL_MS = 1_000;

/** A session left open keeps its bytes until the registry cleans up: ends it, best effort. */
export async function cancelSession(connection: Connection, session: UploadTarget): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  try {
    const { url, anonymous, via } = session;
    const response = await send(connection, 'DELETE', url, {
      anonymous,
      via,
      signal,
      idempotent: false,
    });
    await response.discard();
  } catch {
    // The failure that led here is the one to report.
  }
}

import { request, type RequestContext } from '../requests.ts';
import type { UploadTarget } from './location.ts';

/** Longest wait for the cancellation of a session that failed: an interrupted command has two seconds. */
const CANCEL_MS = 1_000;

/** A session left open keeps its bytes until the registry cleans up: ends it, best effort. */
export async function cancelSession(context: RequestContext, session: UploadTarget): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  try {
    const { url, anonymous, initiator } = session;
    const response = await request(context, 'DELETE', url, {
      anonymous,
      initiator,
      signal,
      idempotent: false,
    });
    await response.discard();
  } catch {
    // The failure that led here is the one to report.
  }
}

import type { HttpResponse } from '../../http/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { registryUrl, request, type RequestContext } from '../requests.ts';
import { isWritten } from '../success.ts';
import { resolveUploadLocation, type UploadTarget } from './location.ts';

/** Where an upload continues. */
export interface UploadPosition {
  readonly session: UploadTarget;
  readonly offset: number;
}

/**
 * Asks an upload session for its offset (distribution-spec v1.1.1, "Pushing a blob in chunks").
 * `undefined` if the registry no longer knows the session, or does not report an offset.
 */
export async function getUploadPosition(
  context: RequestContext,
  session: UploadTarget,
  where: string,
  options: CallOptions,
): Promise<UploadPosition | undefined> {
  const { url, anonymous, initiator } = session;
  const { signal } = options;
  const response = await request(context, 'GET', url, { anonymous, initiator, signal });
  await response.discard();
  if (!isWritten(response)) return undefined;
  const offset = offsetFromRange(response);
  if (offset === undefined) return undefined;
  return { session: await followLocation(context, session, response, where), offset };
}

/**
 * Returns the bytes of a session, from `Range: 0-N`, both inclusive; `undefined` without one.
 * distribution also answers `0-0` for an empty session, so one byte counts as none.
 */
export function offsetFromRange(response: Pick<HttpResponse, 'headers'>): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/u.exec(response.headers.get('range')?.trim() ?? '');
  if (match === null) return undefined;
  const last = Number(match[1]);
  return last === 0 ? 0 : last + 1;
}

/** Each answer may give the session another URL, whose query carries the state. */
export async function followLocation(
  context: RequestContext,
  session: UploadTarget,
  response: HttpResponse,
  where: string,
): Promise<UploadTarget> {
  const location = response.headers.get('location')?.trim() ?? '';
  if (location === '') return session;
  const home = await registryUrl(context, '');
  const { minChunk } = session;
  return { ...resolveUploadLocation(location, response.url, home, where), minChunk };
}

/**
 * Maximum wait for the cancellation of a failed session: an interrupted command has only two
 * seconds.
 */
const CANCEL_MS = 1_000;

/** Cancels a session if possible: otherwise it keeps its bytes until the registry cleans up. */
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
    // The failure that caused the cancellation is reported.
  }
}

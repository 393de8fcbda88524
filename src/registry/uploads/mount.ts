import { AppError } from '../../errors/app-error.ts';
import { NetworkError } from '../../http/dial/network-error.ts';
import { withAttempts } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { canRead, hasBlob } from '../blobs/blobs.ts';
import { checkName, type RequestContext } from '../requests.ts';
import { isBlobLocation, isUploadLocation, isWritten } from '../success.ts';
import type { UploadTarget } from './location.ts';
import { pullScope } from '../scopes.ts';
import { cancelSession } from './status.ts';
import type { UploadOptions } from './recover.ts';
import { postUpload, sessionOf } from './start.ts';

/** Repositories tried for a mount; each further one costs a request and seldom helps. */
export const MAX_MOUNTS = 3;
/** Failures of the token exchange for two repositories; the plain upload needs only one. */
const MOUNT_REFUSED: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'TOKEN_FAILED']);
/** Up to this many bytes are sent without asking first with a HEAD. */
const CHEAP_TO_SEND = 1024 * 1024;

/** Done without sending content, an open session, or neither. */
type MountOutcome = 'mounted' | 'present' | UploadTarget | undefined;

/**
 * Starts an upload that may not need the content: a mount from another repository, or with `probe`
 * from the repository itself. It answers 201 if the blob exists, else it opens the upload: a HEAD
 * and a POST in one. With `verifyPresence`, neither answer is trusted.
 */
export async function mountOrStartUpload(
  context: RequestContext,
  descriptor: Descriptor,
  asked: UploadOptions,
): Promise<MountOutcome> {
  const { digest } = descriptor;
  const { verifyPresence = false } = asked;
  if (verifyPresence && (await canRead(context, digest, asked))) return 'present';
  const options = verifyPresence ? { ...asked, probe: false } : asked;
  const own = context.repository ?? '';
  const neighbours = (options.mountFrom ?? []).filter((from) => from !== own);
  for (const from of neighbours.slice(0, MAX_MOUNTS)) {
    const outcome = await tryMount(context, digest, from, options);
    if (outcome === 'mounted') {
      if (!verifyPresence || (await canRead(context, digest, options))) return outcome;
    } else if (outcome !== undefined) return confirmMissing(context, descriptor, outcome, options);
  }
  if (options.probe !== true) return undefined;
  const outcome =
    neighbours.length === 0 ? await tryMount(context, digest, own, options) : undefined;
  if (outcome === 'mounted') return 'present';
  if (outcome !== undefined && isDistribution(outcome)) return outcome;
  return confirmMissing(context, descriptor, outcome, options);
}

/**
 * A registry that cannot mount opens an upload for a blob that it has: if the content is large, a
 * request checks that before it is sent.
 */
async function confirmMissing(
  context: RequestContext,
  { digest, size }: Descriptor,
  session: UploadTarget | undefined,
  options: UploadOptions,
): Promise<MountOutcome> {
  if (options.probe !== true) return session;
  if (session !== undefined && size <= CHEAP_TO_SEND) return session;
  if ((await hasBlob(context, digest, options)) === undefined) return session;
  if (session !== undefined) await cancelSession(context, session);
  return 'present';
}

/** distribution stores its session in `_state`, and always mounts a blob that it has. */
function isDistribution({ url }: UploadTarget): boolean {
  return url.searchParams.has('_state');
}

async function tryMount(
  context: RequestContext,
  digest: Digest,
  from: string,
  options: UploadOptions,
): Promise<'mounted' | UploadTarget | undefined> {
  checkName(from);
  const query = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  const extraScopes = from === context.repository ? [] : [pullScope(from)];
  const retry = context.deps.retries(options.signal);
  for (;;) {
    const outcome = await postMount(context, query, options, extraScopes);
    // A registry that fails to mount may accept the upload: the mount is not tried again.
    const again = outcome instanceof NetworkError || outcome?.status === 429;
    if (again && (await retry.shouldRetry(outcome))) continue;
    if (outcome instanceof NetworkError) throw withAttempts(outcome, retry);
    if (outcome !== undefined && isWritten(outcome))
      return mountedOr(context, digest, outcome, options);
    await outcome?.discard();
    return undefined;
  }
}

/** `undefined`: no token is available for both repositories. */
async function postMount(
  context: RequestContext,
  query: string,
  options: UploadOptions,
  extraScopes: readonly string[],
): Promise<HttpResponse | NetworkError | undefined> {
  try {
    return await postUpload(context, query, { ...options, extraScopes, idempotent: false });
  } catch (error) {
    if (error instanceof NetworkError) return error;
    if (error instanceof AppError && MOUNT_REFUSED.has(error.code)) return undefined;
    throw error;
  }
}

/** A success is a mount if its Location is the blob or the blob exists; otherwise an upload. */
async function mountedOr(
  context: RequestContext,
  digest: Digest,
  response: HttpResponse,
  options: UploadOptions,
): Promise<'mounted' | UploadTarget | undefined> {
  if (response.status === 202 || isUploadLocation(response)) {
    return sessionOf(context, digest, response);
  }
  await response.discard();
  if (isBlobLocation(response, digest)) return 'mounted';
  return (await hasBlob(context, digest, options)) === undefined ? undefined : 'mounted';
}

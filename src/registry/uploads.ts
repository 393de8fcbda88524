import { AppError } from '../errors/app-error.ts';
import type { HttpResponse } from '../http/types.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import type { CallOptions, PushOutcome, Source } from '../store/types.ts';
import {
  checkName,
  nameOf,
  registryUrl,
  repositoryUrl,
  send,
  type Connection,
} from './connection.ts';
import { readRefusal } from './error-body.ts';
import type { Attempt } from './attempt.ts';
import { refusalError, responseError } from './errors.ts';
import { resolveLocation, type UploadTarget } from './locations.ts';
import { pullScope } from './scopes.ts';
import { sendContent, type UploadOptions } from './upload-session.ts';

/** Repositories tried for a mount; more cost a request each and seldom help. */
const MAX_MOUNTS = 3;
/** Failures of the token exchange for two repositories; the plain upload needs only one. */
const MOUNT_REFUSED: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'TOKEN_FAILED']);

/** Mount, or POST and one PUT (distribution-spec v1.1.1, "Pushing blobs"). */
export async function putBlob(
  connection: Connection,
  source: Source,
  options: UploadOptions = {},
): Promise<PushOutcome> {
  const { digest } = source.descriptor;
  const attempt = writing(connection, digest);
  const mounted = await tryMounts(connection, digest, options);
  if (mounted === 'mounted') return mounted;
  const session = mounted ?? (await openSession(connection, digest, options));
  const refusal = await sendContent(connection, session, source, attempt, options);
  if (refusal === undefined) return 'written';
  // The session expired or its server forgot it: one more from the start.
  const second = await openSession(connection, digest, options);
  const again = await sendContent(connection, second, source, attempt, options);
  if (again === undefined) return 'written';
  throw refusalError(connection, attempt, again);
}

function writing(connection: Connection, digest: Digest): Attempt {
  return { action: 'write blob', target: nameOf(connection, digest), kind: 'upload' };
}

/** `undefined`: nothing could be mounted and no session is open. */
async function tryMounts(
  connection: Connection,
  digest: Digest,
  options: UploadOptions,
): Promise<'mounted' | UploadTarget | undefined> {
  const candidates = (options.mountFrom ?? []).filter((from) => from !== connection.repository);
  for (const from of candidates.slice(0, MAX_MOUNTS)) {
    const outcome = await tryMount(connection, digest, from, options);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

async function tryMount(
  connection: Connection,
  digest: Digest,
  from: string,
  options: CallOptions,
): Promise<'mounted' | UploadTarget | undefined> {
  checkName(from);
  const query = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  let response: HttpResponse;
  try {
    response = await post(connection, query, options, [pullScope(from)]);
  } catch (error) {
    if (error instanceof AppError && MOUNT_REFUSED.has(error.code)) return undefined;
    throw error;
  }
  if (response.status === 201) {
    await response.discard();
    return 'mounted';
  }
  if (response.status === 202) return sessionOf(connection, digest, response);
  const refusal = await readRefusal('POST', response);
  if (refusal.status >= 400 && refusal.status < 500 && refusal.status !== 429) return undefined;
  throw refusalError(connection, writing(connection, digest), refusal);
}

async function openSession(
  connection: Connection,
  digest: Digest,
  options: CallOptions,
): Promise<UploadTarget> {
  const algorithm = algorithmOf(digest);
  const query = algorithm === 'sha256' ? '' : `digest-algorithm=${algorithm}`;
  const response = await post(connection, query, options);
  if (response.status === 202) return sessionOf(connection, digest, response);
  const attempt = writing(connection, digest);
  if (response.status >= 400) throw await responseError(connection, attempt, 'POST', response);
  const refusal = await readRefusal('POST', response);
  throw refusalError(connection, attempt, refusal, { code: 'NOT_A_REGISTRY' });
}

async function post(
  connection: Connection,
  query: string,
  options: CallOptions,
  extraScopes?: readonly string[],
): Promise<HttpResponse> {
  const url = await repositoryUrl(connection, 'blobs/uploads/', options);
  url.search = query;
  return send(connection, 'POST', url, { signal: options.signal, extraScopes });
}

async function sessionOf(
  connection: Connection,
  digest: Digest,
  response: HttpResponse,
): Promise<UploadTarget> {
  await response.discard();
  const where = nameOf(connection, digest);
  const location = response.headers.get('location');
  if (location === undefined || location.trim() === '') {
    throw new AppError('UPLOAD_FAILED', `${where}: the registry opened an upload without Location`);
  }
  const home = await registryUrl(connection, '');
  return resolveLocation(location.trim(), response.url, home, where);
}

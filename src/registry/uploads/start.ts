import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../store/types.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { nameOf, registryUrl, repositoryUrl, send, type Connection } from '../requests.ts';
import { readRefusal } from '../errors/body.ts';
import { refusalError, responseError } from '../errors/error.ts';
import { resolveLocation, type UploadTarget } from './location.ts';

export function writing(connection: Connection, digest: Digest): Attempt {
  return { action: 'write blob', target: nameOf(connection, digest), kind: 'upload' };
}

/** An upload session for any content of this digest's algorithm. */
export async function openSession(
  connection: Connection,
  digest: Digest,
  options: CallOptions,
): Promise<UploadTarget> {
  const algorithm = algorithmOf(digest);
  const query = algorithm === 'sha256' ? '' : `digest-algorithm=${algorithm}`;
  const response = await postUpload(connection, query, options);
  if (response.status === 202) return sessionOf(connection, digest, response);
  const attempt = writing(connection, digest);
  if (response.status >= 400) throw await responseError(connection, attempt, 'POST', response);
  const refusal = await readRefusal('POST', response);
  throw refusalError(connection, attempt, refusal, { code: 'NOT_A_REGISTRY' });
}

export async function postUpload(
  connection: Connection,
  query: string,
  options: CallOptions,
  extraScopes?: readonly string[],
): Promise<HttpResponse> {
  const url = await repositoryUrl(connection, 'blobs/uploads/', options);
  url.search = query;
  return send(connection, 'POST', url, { signal: options.signal, extraScopes });
}

export async function sessionOf(
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
  const least = response.headers.get('oci-chunk-min-length')?.trim() ?? '';
  const minChunk = /^\d{1,15}$/u.test(least) ? Number(least) : undefined;
  return { ...resolveLocation(location.trim(), response.url, home, where), minChunk };
}

import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import {
  type Operation,
  refName,
  registryUrl,
  repositoryUrl,
  request,
  type RequestContext,
  type RequestOptions,
} from '../requests.ts';
import { isWritten } from '../success.ts';
import { readErrorResponse } from '../errors/body.ts';
import { errorFromResponse, registryErrorFrom } from '../errors/error.ts';
import { resolveUploadLocation, type UploadTarget } from './location.ts';

export function writeBlobOperation(context: RequestContext, digest: Digest): Operation {
  return { action: 'write blob', target: refName(context, digest), kind: 'upload' };
}

/** Opens an upload session for content with this digest's algorithm. */
export async function openSession(
  context: RequestContext,
  digest: Digest,
  options: CallOptions,
): Promise<UploadTarget> {
  const algorithm = algorithmOf(digest);
  const query = algorithm === 'sha256' ? '' : `digest-algorithm=${algorithm}`;
  const response = await postUpload(context, query, options);
  // The Location distinguishes an upload from a page that answers everything with success.
  const opened =
    response.status === 202 ||
    (isWritten(response) && response.headers.get('location') !== undefined);
  if (opened) return sessionOf(context, digest, response);
  const operation = writeBlobOperation(context, digest);
  if (response.status >= 400) throw await errorFromResponse(context, operation, 'POST', response);
  const answer = await readErrorResponse('POST', response);
  throw registryErrorFrom(context, operation, answer, { code: 'NOT_A_REGISTRY' });
}

export async function postUpload(
  context: RequestContext,
  query: string,
  options: Pick<RequestOptions, 'signal' | 'extraScopes' | 'idempotent'>,
): Promise<HttpResponse> {
  const url = await repositoryUrl(context, 'blobs/uploads/', options);
  url.search = query;
  const { signal, extraScopes, idempotent } = options;
  return request(context, 'POST', url, { signal, extraScopes, idempotent });
}

export async function sessionOf(
  context: RequestContext,
  digest: Digest,
  response: HttpResponse,
): Promise<UploadTarget> {
  await response.discard();
  const where = refName(context, digest);
  const location = response.headers.get('location');
  if (location === undefined || location.trim() === '') {
    throw new AppError(
      'UPLOAD_FAILED',
      `cannot upload ${where}: the registry opened an upload without Location`,
    );
  }
  const home = await registryUrl(context, '');
  const least = response.headers.get('oci-chunk-min-length')?.trim() ?? '';
  const minChunk = /^\d{1,15}$/u.test(least) ? Number(least) : undefined;
  return { ...resolveUploadLocation(location.trim(), response.url, home, where), minChunk };
}

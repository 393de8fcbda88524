import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BlobPart } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { errorFromResponse } from '../errors/error.ts';
import { refName, repositoryUrl, request, type RequestContext } from '../requests.ts';
import { isContinuation } from './download.ts';
import { readElsewhere } from './foreign.ts';

/** Reads a part of a blob in one request. @throws AppError BLOB_UNKNOWN */
export async function getBlobRange(
  context: RequestContext,
  descriptor: Descriptor,
  { offset, size }: BlobPart,
  options: CallOptions = {},
): Promise<Uint8Array | undefined> {
  const { digest } = descriptor;
  const { signal } = options;
  const url = await repositoryUrl(context, `blobs/${digest}`, options);
  const headers = { range: `bytes=${offset}-${offset + size - 1}` };
  const how = { headers, signal, stream: true, contentSize: size };
  const response = await readElsewhere(
    descriptor,
    await request(context, 'GET', url, how),
    (other) => request(context, 'GET', other, { ...how, anonymous: true, initiator: url }),
  );
  if (response.status >= 400 && response.status !== 416) {
    const target = refName(context, digest);
    throw await errorFromResponse(
      context,
      { action: 'read blob', target, kind: 'blob' },
      'GET',
      response,
    );
  }
  try {
    if (response.status !== 206 || !isContinuation(response, offset, descriptor.size))
      return undefined;
    return await exactly(response, size);
  } finally {
    await response.discard();
  }
}

/** A body of another length is not the part that was asked for. */
async function exactly({ body }: HttpResponse, size: number): Promise<Uint8Array | undefined> {
  const tooLong = new Error('the part is too long');
  try {
    const bytes = await collect(body, size, () => tooLong);
    return bytes.byteLength === size ? bytes : undefined;
  } catch (error) {
    if (error === tooLong) return undefined;
    throw error;
  }
}

import { skipBytes } from '../../util/bytes.ts';
import { IntegrityError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { OpenOptions } from '../../store/types.ts';
import { markVerified, Verifier } from '../../store/verify.ts';
import { download, resume, type Download } from './download.ts';
import { readElsewhere } from './foreign.ts';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import {
  refName,
  repositoryUrl,
  request,
  type RequestContext,
  type Operation,
} from '../requests.ts';
import { isHeadRefused } from '../success.ts';
import { errorFromResponse } from '../errors/error.ts';

export async function hasBlob(
  context: RequestContext,
  digest: Digest,
  options: CallOptions = {},
): Promise<{ readonly size: number | undefined } | undefined> {
  const url = await repositoryUrl(context, `blobs/${digest}`, options);
  const response = await request(context, 'HEAD', url, { signal: options.signal });
  if (response.status !== 200 && response.status !== 404 && !isHeadRefused(response)) {
    throw await errorFromResponse(context, readBlobOperation(context, digest), 'HEAD', response);
  }
  await response.discard();
  if (isHeadRefused(response)) return readFirstByte(context, digest, options);
  return response.status === 200 ? { size: lengthOf(response) } : undefined;
}

async function readFirstByte(
  context: RequestContext,
  digest: Digest,
  options: CallOptions,
): Promise<{ readonly size: number | undefined } | undefined> {
  const response = await getFirstByte(context, digest, options);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (!isReadable(response)) {
    throw await errorFromResponse(context, readBlobOperation(context, digest), 'GET', response);
  }
  await response.discard();
  const total = /^bytes 0-0\/(\d{1,15})$/u.exec(response.headers.get('content-range') ?? '')?.[1];
  if (response.status === 206) return { size: total === undefined ? undefined : Number(total) };
  return { size: response.status === 200 ? lengthOf(response) : undefined };
}

async function getFirstByte(
  context: RequestContext,
  digest: Digest,
  { signal }: CallOptions,
): Promise<HttpResponse> {
  const url = await repositoryUrl(context, `blobs/${digest}`, { signal });
  return request(context, 'GET', url, { headers: { range: 'bytes=0-0' }, signal, stream: true });
}

/** 416: an empty blob has no first byte. */
function isReadable({ status }: HttpResponse): boolean {
  return status === 200 || status === 206 || status === 416;
}

/** Reads one byte, because a registry may report a blob that it can no longer serve. */
export async function canRead(
  context: RequestContext,
  digest: Digest,
  options: CallOptions = {},
): Promise<boolean> {
  const response = await getFirstByte(context, digest, options);
  await response.discard();
  return isReadable(response);
}

/** Implements `Repository.getBlob` and remembers the offsets that reads reached. */
export function createBlobReader(
  context: RequestContext,
): (descriptor: Descriptor, options?: OpenOptions) => Promise<Bytes> {
  const checkpoints = createCheckpoints();
  return (descriptor, options = {}) => getBlob(context, descriptor, checkpoints, options);
}

/**
 * Returns verified bytes; resumes an interrupted download. With `from`, reading starts where an
 * earlier read of this blob has its hash; without one, at the blob's start, because the digest
 * covers all of it. The bytes before `from` are left out.
 * @throws AppError BLOB_UNKNOWN immediately; IntegrityError while reading
 */
async function getBlob(
  context: RequestContext,
  descriptor: Descriptor,
  checkpoints: Checkpoints,
  options: OpenOptions,
): Promise<Bytes> {
  const { digest } = descriptor;
  const target = refName(context, digest);
  const { signal, from = 0, reuseChunks } = options;
  const job = {
    descriptor,
    target,
    signal,
    reopen: async (offset: number): Promise<HttpResponse> => {
      const url = await repositoryUrl(context, `blobs/${digest}`, options);
      const headers = offset === 0 ? undefined : { range: `bytes=${offset}-` };
      const contentSize = descriptor.size - offset;
      const how = { headers, signal, stream: true, contentSize, reuseChunks };
      const response = await request(context, 'GET', url, how);
      return readElsewhere(descriptor, response, (other) =>
        request(context, 'GET', other, { ...how, anonymous: true, initiator: url }),
      );
    },
    refuse: (response: HttpResponse) =>
      errorFromResponse(context, readBlobOperation(context, digest), 'GET', response),
    retry: context.deps.retries(signal),
    onProgress: (verifier: Verifier) => checkpoints.save(digest, verifier),
    onEnd: (right: boolean) => (right ? checkpoints.markRead(digest) : checkpoints.discard(digest)),
  };
  const known = from === 0 ? undefined : checkpoints.latestBefore(digest, from);
  const verifier = known ?? new Verifier(descriptor, target);
  const start = verifier.received;
  const first =
    start === 0 ? { response: await openFromStart(job), skip: 0 } : await resume(job, start);
  const bytes = download({ ...job, first, verifier });
  if (from === 0) return markVerified(bytes, descriptor);
  return from === start ? bytes : skipBytes(bytes, from - start);
}

async function openFromStart(
  job: Pick<Download, 'reopen' | 'refuse' | 'target' | 'descriptor'>,
): Promise<HttpResponse> {
  const { size } = job.descriptor;
  const response = await job.reopen(0);
  if (response.status !== 200) throw await job.refuse(response);
  const length = lengthOf(response);
  if (length === undefined || length === size) return response;
  await response.discard();
  throw new IntegrityError(
    'SIZE_MISMATCH',
    `${job.target}: the registry has ${length} bytes, the descriptor says ${size}`,
    { expected: String(size), actual: String(length) },
  );
}

function readBlobOperation(context: RequestContext, digest: Digest): Operation {
  return { action: 'read blob', target: refName(context, digest), kind: 'blob' };
}

function lengthOf(response: HttpResponse): number | undefined {
  const length = response.headers.get('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

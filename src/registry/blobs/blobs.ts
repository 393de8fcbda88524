import { IntegrityError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../store/types.ts';
import type { Bytes } from '../../util/bytes.ts';
import { alreadyVerified, Verifier } from '../../store/verify.ts';
import { download, resume, type Download } from './download.ts';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import { nameOf, repositoryUrl, send, type Connection } from '../requests.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { responseError } from '../errors/error.ts';

export async function hasBlob(
  connection: Connection,
  digest: Digest,
  options: CallOptions = {},
): Promise<{ readonly size: number | undefined } | undefined> {
  const url = await repositoryUrl(connection, `blobs/${digest}`, options);
  const response = await send(connection, 'HEAD', url, { signal: options.signal });
  if (response.status !== 200 && response.status !== 404) {
    throw await responseError(connection, reading(connection, digest), 'HEAD', response);
  }
  await response.discard();
  return response.status === 200 ? { size: lengthOf(response) } : undefined;
}

/** A registry may still say of a blob that it is there when it cannot give it any more: asks for a byte. */
export async function canRead(
  connection: Connection,
  digest: Digest,
  options: CallOptions = {},
): Promise<boolean> {
  const url = await repositoryUrl(connection, `blobs/${digest}`, options);
  const headers = { range: 'bytes=0-0' };
  const { signal } = options;
  const response = await send(connection, 'GET', url, { headers, signal, stream: true });
  await response.discard();
  // 416: an empty blob has no first byte.
  return response.status === 200 || response.status === 206 || response.status === 416;
}

/** How `Repository.getBlob` reads, with a memory of the places that readings came to. */
export function createBlobReader(
  connection: Connection,
): (
  descriptor: Descriptor,
  options?: CallOptions & { from?: number | undefined },
) => Promise<Bytes> {
  const checkpoints = createCheckpoints();
  return (descriptor, options = {}) => getBlob(connection, descriptor, checkpoints, options);
}

/**
 * Verified bytes; continues a cut download. With `from` the reading starts where an earlier one of
 * this blob has its hash; where there was none, at the blob's start, because the digest covers all
 * of it. The bytes before `from` are left out.
 * @throws AppError BLOB_UNKNOWN at once; IntegrityError while reading
 */
async function getBlob(
  connection: Connection,
  descriptor: Descriptor,
  checkpoints: Checkpoints,
  options: CallOptions & { from?: number | undefined },
): Promise<Bytes> {
  const { digest } = descriptor;
  const target = nameOf(connection, digest);
  const { signal, from = 0 } = options;
  const job = {
    descriptor,
    target,
    signal,
    reopen: async (offset: number): Promise<HttpResponse> => {
      const url = await repositoryUrl(connection, `blobs/${digest}`, options);
      const headers = offset === 0 ? undefined : { range: `bytes=${offset}-` };
      const contentSize = descriptor.size - offset;
      return send(connection, 'GET', url, { headers, signal, stream: true, contentSize });
    },
    refuse: (response: HttpResponse) =>
      responseError(connection, reading(connection, digest), 'GET', response),
    tries: connection.deps.retries(signal),
    onProgress: (verifier: Verifier) => checkpoints.note(digest, verifier),
    onEnd: (right: boolean) => (right ? checkpoints.done(digest) : checkpoints.drop(digest)),
  };
  const known = from === 0 ? undefined : checkpoints.before(digest, from);
  const verifier = known ?? new Verifier(descriptor, target);
  const start = verifier.received;
  const first =
    start === 0 ? { response: await openWhole(job), skip: 0 } : await resume(job, start);
  const bytes = download({ ...job, first, verifier });
  if (from === 0) return alreadyVerified(bytes, descriptor);
  return from === start ? bytes : skipFirst(bytes, from - start);
}

async function openWhole(
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

function reading(connection: Connection, digest: Digest): Attempt {
  return { action: 'read blob', target: nameOf(connection, digest), kind: 'blob' };
}

function lengthOf(response: HttpResponse): number | undefined {
  const length = response.headers.get('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** Leaves out the first `count` bytes. */
export async function* skipFirst(bytes: Bytes, count: number): Bytes {
  let left = count;
  for await (const chunk of bytes) {
    if (left >= chunk.byteLength) {
      left -= chunk.byteLength;
      continue;
    }
    yield left === 0 ? chunk : chunk.subarray(left);
    left = 0;
  }
}

import { IntegrityError } from '../errors/app-error.ts';
import type { HttpResponse } from '../http/types.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from '../store/types.ts';
import type { Bytes } from '../util/bytes.ts';
import { download } from './blob-download.ts';
import { nameOf, repositoryUrl, send, type Connection } from './connection.ts';
import type { Attempt } from './attempt.ts';
import { responseError } from './errors.ts';

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

/**
 * Verified bytes; continues a cut download. With `from` the whole blob is still read, because the
 * digest covers all of it, and the bytes before `from` are left out.
 * @throws AppError BLOB_UNKNOWN at once; IntegrityError while reading
 */
export async function getBlob(
  connection: Connection,
  descriptor: Descriptor,
  options: CallOptions & { from?: number | undefined } = {},
): Promise<Bytes> {
  const { digest, size } = descriptor;
  const target = nameOf(connection, digest);
  const open = async (offset: number): Promise<HttpResponse> => {
    const url = await repositoryUrl(connection, `blobs/${digest}`, options);
    const headers = offset === 0 ? undefined : { range: `bytes=${offset}-` };
    return send(connection, 'GET', url, { headers, signal: options.signal });
  };
  const first = await open(0);
  if (first.status !== 200) {
    throw await responseError(connection, reading(connection, digest), 'GET', first);
  }
  const length = lengthOf(first);
  if (length !== undefined && length !== size) {
    await first.discard();
    throw new IntegrityError(
      'SIZE_MISMATCH',
      `${target}: the registry has ${length} bytes, the descriptor says ${size}`,
      { expected: String(size), actual: String(length) },
    );
  }
  const bytes = download({
    first,
    reopen: open,
    descriptor,
    target,
    refuse: (response) => responseError(connection, reading(connection, digest), 'GET', response),
    pause: connection.deps.pause,
    signal: options.signal,
  });
  return options.from === undefined || options.from === 0 ? bytes : skipFirst(bytes, options.from);
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

import { isNotModified, repositoryOf, validDigest, type Call, type Reply } from './call.ts';
import { parseRange, type RangeResult } from './byte-range.ts';
import type { Digest } from '../../oci/digest.ts';
import { ProtocolError } from '../protocol-error.ts';
import { DamagedContentError } from '../storage/damage.ts';

/** GET and HEAD `/v2/<name>/blobs/<digest>`. @throws ProtocolError BLOB_UNKNOWN, RANGE_INVALID */
export async function getBlob(call: Call): Promise<Reply> {
  const { name, digest } = target(call);
  const { blobs } = call.storage;
  // A client that asks by HEAD may push a manifest that needs the blob.
  const isAsked = call.request.method === 'HEAD';
  const size = await (isAsked ? blobs.renew(name, digest) : blobs.size(name, digest));
  if (size === undefined) throw await missing(call, digest);
  const headers = {
    'Docker-Content-Digest': digest,
    Etag: `"${digest}"`,
    'Accept-Ranges': 'bytes',
  };
  if (isNotModified(call.request, digest)) return { status: 304, headers };
  const wanted = wantedRange(call, digest, size);
  if (wanted === 'unsatisfiable') {
    throw new ProtocolError('RANGE_INVALID', `the blob has ${size} bytes`, {
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const range = wanted === 'all' ? undefined : wanted;
  const length = range === undefined ? size : range.last - range.first + 1;
  const reply: Reply = {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(length),
      ...(range && { 'Content-Range': `bytes ${range.first}-${range.last}/${size}` }),
    },
  };
  if (isAsked) return reply;
  const body = await blobs.read(name, digest, range);
  if (body === undefined) throw unknown(digest);
  return { ...reply, body };
}

/** HEAD answers 404 for a damaged blob, so that a push replaces it; GET reports the damage. */
async function missing(call: Call, digest: Digest): Promise<Error> {
  const isDamaged =
    call.request.method === 'GET' &&
    (await call.storage.blobs.verify(repositoryOf(call), digest)) === 'damaged';
  return isDamaged ? new DamagedContentError('blob', digest) : unknown(digest);
}

/** `Range` applies only to GET, and only if `If-Range` names this content (RFC 9110 13.1.5). */
function wantedRange(call: Call, digest: string, size: number): RangeResult {
  const { method, headers } = call.request;
  const condition = headers['if-range'];
  if (method !== 'GET' || (condition !== undefined && condition !== `"${digest}"`)) return 'all';
  return parseRange(headers.range, size);
}

/** DELETE `/v2/<name>/blobs/<digest>`: removes only this repository's link. */
export async function deleteBlob(call: Call): Promise<Reply> {
  const { name, digest } = target(call);
  if (!(await call.storage.blobs.remove(name, digest))) throw unknown(digest);
  return { status: 202, headers: { 'Content-Length': '0' } };
}

function target(call: Call) {
  return { name: repositoryOf(call), digest: validDigest(call.params['digest'] ?? '') };
}

function unknown(digest: string): ProtocolError {
  return new ProtocolError('BLOB_UNKNOWN', 'blob unknown to repository', { detail: { digest } });
}

import type { Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';
import { parseContentRange, sessionRange } from './byte-range.ts';
import { repositoryOf, validDigest, type Call, type Reply } from './call.ts';
import { isRepositoryName, type RepositoryName } from '../names.ts';
import { ProtocolError } from '../protocol-error.ts';
import { contentLength, requireLength } from './request-body.ts';

/** POST `/v2/<name>/blobs/uploads/`: mounts a blob, stores a whole blob or opens a session. */
export async function startUpload(call: Call): Promise<Reply> {
  const name = repositoryOf(call);
  const mount = call.query.get('mount');
  if (mount !== null) return mountOrStart(call, name, validDigest(mount));
  const digest = call.query.get('digest');
  if (digest !== null) return storeWhole(call, name, validDigest(digest));
  return openSession(call, name);
}

/** Without `from`, mounts only a blob that this repository has: other repositories stay hidden. */
async function mountOrStart(call: Call, name: RepositoryName, digest: Digest): Promise<Reply> {
  const from = call.query.get('from') ?? name;
  const mayRead = isRepositoryName(from) && call.allows('pull', from);
  const mounted = mayRead && (await call.storage.blobs.mount(from, name, digest));
  return mounted ? created(name, digest) : openSession(call, name);
}

async function openSession(call: Call, name: RepositoryName): Promise<Reply> {
  return progress(202, name, await call.storage.uploads.create(name), 0);
}

async function storeWhole(call: Call, name: RepositoryName, digest: Digest): Promise<Reply> {
  const { uploads } = call.storage;
  const id = await uploads.create(name);
  try {
    await uploads.append(name, id, call.body);
  } catch (error) {
    await uploads.cancel(name, id);
    throw error;
  }
  return finish(call, name, id, digest);
}

/** PATCH: one chunk, or the whole blob streamed without `Content-Range`. */
export async function appendUpload(call: Call): Promise<Reply> {
  const { name, id } = session(call);
  return progress(202, name, id, await receive(call, name, id));
}

/** PUT `?digest=`: ends a session, with an optional last chunk. */
export async function finishUpload(call: Call): Promise<Reply> {
  const { name, id } = session(call);
  const digest = validDigest(call.query.get('digest') ?? '');
  await receive(call, name, id);
  return finish(call, name, id, digest);
}

export async function uploadStatus(call: Call): Promise<Reply> {
  const { name, id } = session(call);
  const offset = await call.storage.uploads.offset(name, id);
  if (offset === undefined) throw unknown(id);
  return progress(204, name, id, offset);
}

export async function cancelUpload(call: Call): Promise<Reply> {
  const { name, id } = session(call);
  if (!(await call.storage.uploads.cancel(name, id))) throw unknown(id);
  return { status: 204 };
}

/** Appends the request body to the session. Returns the new offset in bytes. */
async function receive(call: Call, name: RepositoryName, id: string): Promise<number> {
  const { bytes, at } = chunk(call);
  const outcome = await call.storage.uploads.append(name, id, bytes, at);
  switch (outcome.kind) {
    case 'appended':
      return outcome.offset;
    case 'out-of-order':
      throw new ProtocolError('RANGE_INVALID', `the session is at offset ${outcome.offset}`, {
        headers: sessionHeaders(name, id, outcome.offset),
      });
    case 'unknown':
      throw unknown(id);
  }
}

/** The body as a chunk, checked against `Content-Range` if both exist. */
function chunk(call: Call): { bytes: Bytes; at?: number } {
  const header = call.request.headers['content-range'];
  const bytes = call.body;
  const length = contentLength(call.request);
  if (header === undefined || length === 0) return { bytes };
  const range = parseContentRange(header);
  if (range === undefined) {
    throw new ProtocolError('RANGE_INVALID', 'Content-Range is not START-END', { status: 400 });
  }
  const expected = range.last - range.first + 1;
  if (length !== undefined && length !== expected) {
    throw new ProtocolError('SIZE_INVALID', 'Content-Range and Content-Length disagree');
  }
  return { bytes: requireLength(bytes, expected), at: range.first };
}

async function finish(
  call: Call,
  name: RepositoryName,
  id: string,
  digest: Digest,
): Promise<Reply> {
  const outcome = await call.storage.uploads.finish(name, id, digest);
  switch (outcome.kind) {
    case 'stored':
      return created(name, digest);
    case 'mismatch':
      throw new ProtocolError('DIGEST_INVALID', 'the content does not have this digest', {
        detail: { digest },
      });
    case 'unknown':
      throw unknown(id);
  }
}

function created(name: RepositoryName, digest: Digest): Reply {
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/blobs/${digest}`,
      'Docker-Content-Digest': digest,
      'Content-Length': '0',
    },
  };
}

function progress(status: 202 | 204, name: RepositoryName, id: string, offset: number): Reply {
  const length = status === 204 ? {} : { 'Content-Length': '0' };
  return { status, headers: { ...sessionHeaders(name, id, offset), ...length } };
}

function sessionHeaders(
  name: RepositoryName,
  id: string,
  offset: number,
): Readonly<Record<string, string>> {
  return {
    Location: `/v2/${name}/blobs/uploads/${id}`,
    Range: sessionRange(offset),
    'Docker-Upload-UUID': id,
  };
}

function session(call: Call): { name: RepositoryName; id: string } {
  return { name: repositoryOf(call), id: call.params['id'] ?? '' };
}

function unknown(id: string): ProtocolError {
  return new ProtocolError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', {
    detail: { id: id.slice(0, 100) },
  });
}

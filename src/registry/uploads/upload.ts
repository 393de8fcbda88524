import { NetworkError } from '../../http/dial/network-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { bytesOf, type Bytes } from '../../util/bytes.ts';
import { AppError, IntegrityError } from '../../errors/app-error.ts';
import { hasBlob } from '../blobs/blobs.ts';
import { request, type RequestContext, type RequestOptions } from '../requests.ts';
import { isWritten, namesContent } from '../success.ts';
import { checkStored } from './answers.ts';
import { sourceBody, SourceReader } from './body.ts';
import { withDigest } from './location.ts';
import {
  afterAnswer,
  afterFault,
  countProgress,
  movedTo,
  sendWhole,
  startingAt,
  type UploadJob,
  type UploadOptions,
  type UploadState,
} from './recover.ts';
import { distrust, storedSize } from './trust.ts';
import { cancelSession, followLocation, offsetFromRange, type UploadPosition } from './status.ts';

/** A chunk is held in memory; if a registry wants larger ones, the rest is sent as one. */
const MAX_CHUNK = 64 * 1024 * 1024;
/**
 * Smaller content is read from the source before the request that carries it, because a connection
 * that waits for a source could carry another request. For larger content, waiting is acceptable.
 */
const AT_HAND = 1024 * 1024;
const CONTENT = { 'content-type': 'application/octet-stream' };

export interface OpenUpload extends Pick<UploadJob, 'source' | 'operation' | 'log'> {
  readonly position: UploadPosition;
}

/** The state after a request, and the problem, if any. */
interface Sent {
  readonly state: UploadState;
  readonly trouble?: HttpResponse | NetworkError;
  /** Why the registry cannot be believed to have what was sent in parts. */
  readonly doubt?: AppError;
}

/**
 * Sends a blob into an open session with one PUT; after an error it continues at the offset that
 * the registry reports. A forgotten session is opened again. A failure cancels the session, unless
 * another run may resume it.
 */
export async function sendContent(
  context: RequestContext,
  { position, source, operation, log }: OpenUpload,
  options: UploadOptions,
): Promise<void> {
  const retry = context.deps.retries(options.signal);
  const job: UploadJob = { context, source, operation, log, options, retry };
  const reader = new SourceReader(source, operation, options);
  let state = startingAt(position);
  try {
    while (!state.done) {
      const sent = await sendNext(job, state, reader);
      // A later failure cancels the session at its current URL.
      state = sent.state;
      state = await recover(job, sent);
    }
    await log.done();
  } catch (error) {
    const left = await log.failed(error, options.signal);
    if (!left) await cancelSession(context, state.position.session);
    throw error;
  } finally {
    await reader.close().catch(() => undefined);
  }
}

async function sendNext(job: UploadJob, state: UploadState, reader: SourceReader): Promise<Sent> {
  const { session, offset } = state.position;
  const chunk = Math.max(state.chunk ?? Infinity, session.minChunk ?? 0);
  const inChunks = chunk <= MAX_CHUNK && job.source.descriptor.size - offset > chunk;
  return inChunks ? patch(job, state, reader, chunk) : put(job, state, reader);
}

async function recover(job: UploadJob, { state, trouble, doubt }: Sent): Promise<UploadState> {
  if (doubt !== undefined) {
    distrust(job.context);
    return sendWhole(job, state, doubt);
  }
  if (trouble === undefined) return state;
  if (!(trouble instanceof NetworkError)) return afterAnswer(job, state, trouble);
  return afterFault(job, state, trouble);
}

/** Sends the rest, which completes the upload. */
async function put(job: UploadJob, before: UploadState, reader: SourceReader): Promise<Sent> {
  const { source, operation, options } = job;
  const { session, offset } = before.position;
  const { digest, size } = source.descriptor;
  const last = size - 1;
  const headers =
    offset > 0 && offset <= last ? { ...CONTENT, 'content-range': `${offset}-${last}` } : CONTENT;
  const isAtHand = before.continued || size - offset < AT_HAND;
  const content = isAtHand ? await reader.sourceAt(offset) : source;
  const body = sourceBody(content, offset, operation, options);
  const url = withDigest(session.url, digest);
  const answer = await send(job, before, 'PUT', url, { headers, body });
  const state = { ...before, allSent: body.finished() };
  if (answer instanceof NetworkError) {
    const failure = body.failure();
    return failure === undefined ? { state, trouble: answer } : Promise.reject(failure);
  }
  if (!isWritten(answer) || !(await isConfirmed(job, answer))) return { state, trouble: answer };
  await answer.discard();
  checkStored(answer, source, operation);
  const doubt = before.continued ? await doubtOf(job) : undefined;
  return doubt === undefined ? { state: { ...state, done: true } } : { state, doubt };
}

/** Sends one chunk, not the last; the registry may accept a part of it. */
async function patch(
  job: UploadJob,
  before: UploadState,
  reader: SourceReader,
  length: number,
): Promise<Sent> {
  const { context, operation, options } = job;
  const { session, offset } = before.position;
  const data = await reader.read(offset, length);
  const open = (): Bytes => {
    options.onSent?.(data.byteLength);
    return bytesOf(data);
  };
  const answer = await send(job, before, 'PATCH', session.url, {
    headers: { ...CONTENT, 'content-range': `${offset}-${offset + length - 1}` },
    body: { length, open },
  });
  let state: UploadState = { ...before, allSent: false, continued: true };
  if (answer instanceof NetworkError || !isWritten(answer)) return { state, trouble: answer };
  await answer.discard();
  const reached = offsetFromRange(answer) ?? offset + length;
  const moved = await followLocation(context, session, answer, operation.target);
  if (reached === offset + length) {
    state = movedTo(job, state, { session: moved, offset: reached });
    options.onBytes?.(reached);
    return { state: countProgress(job, state) };
  }
  const title = `cannot ${operation.action} ${operation.target}: the registry does not take it in parts`;
  const why = [`it was sent ${length} bytes at byte ${offset}, and is at byte ${reached}`];
  const doubt = new AppError('UPLOAD_FAILED', title, { why });
  return { state: { ...state, position: { session: moved, offset } }, doubt };
}

/**
 * What was sent in parts is believed only if the registry has the whole: ghcr.io is said to keep
 * the last part, and to answer 201.
 */
async function doubtOf({
  context,
  source,
  operation,
  options,
}: UploadJob): Promise<AppError | undefined> {
  const { size } = source.descriptor;
  const stored = await storedSize(context, source.descriptor, options);
  if (stored === size) return undefined;
  return new IntegrityError(
    'SIZE_MISMATCH',
    `cannot ${operation.action} ${operation.target}: the registry stored ${stored ?? 'none'} of ${size} bytes that were sent in parts`,
    { expected: String(size), actual: String(stored ?? 'unknown') },
  );
}

/** 201 and 204 are a registry's; other successes must name the blob, or the blob must exist. */
async function isConfirmed(
  { context, source, options }: UploadJob,
  response: HttpResponse,
): Promise<boolean> {
  if (response.status === 201 || response.status === 204) return true;
  const { digest, size } = source.descriptor;
  if (namesContent(response, digest)) return true;
  const there = await hasBlob(context, digest, options).catch(() => undefined);
  return there?.size === size;
}

async function send(
  { context, options }: UploadJob,
  { position }: UploadState,
  method: string,
  url: URL,
  { headers, body }: Pick<RequestOptions, 'headers' | 'body'>,
): Promise<HttpResponse | NetworkError> {
  const { anonymous, initiator } = position.session;
  try {
    return await request(context, method, url, {
      headers,
      body,
      contentSize: body?.length,
      anonymous,
      initiator,
      signal: options.signal,
      // The session decides how to continue after an error.
      idempotent: false,
    });
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
}

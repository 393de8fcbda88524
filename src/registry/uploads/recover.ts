import { NetworkError } from '../../http/dial/network-error.ts';
import { isRetryableStatus, type RetryState, withAttempts } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { hasBlob } from '../blobs/blobs.ts';
import type { AppError } from '../../errors/app-error.ts';
import { type ErrorResponse, readErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import type { Operation, RequestContext } from '../requests.ts';
import { isDigestRefused, isSessionUnknown } from './answers.ts';
import type { UploadLog } from './journaled.ts';
import type { UploadTarget } from './location.ts';
import { openSession } from './start.ts';
import { mayContinue } from './trust.ts';
import { cancelSession, getUploadPosition, type UploadPosition } from './status.ts';
import { verifySource } from './verify-source.ts';

export interface UploadOptions extends Omit<PushOptions, 'tag'> {
  /** Whether the blob exists is unknown: find out with the fewest requests. */
  readonly probe?: boolean | undefined;
}

/** What does not change while a blob is sent; only `retry` has state. */
export interface UploadJob {
  readonly context: RequestContext;
  readonly source: Source;
  readonly operation: Operation;
  readonly log: UploadLog;
  readonly options: UploadOptions;
  readonly retry: RetryState;
}

/** The progress of an upload. Every step returns a new state. */
export interface UploadState {
  readonly position: UploadPosition;
  /**
   * An earlier request sent a part, perhaps that of an earlier run: the registry may reject the
   * data or their continuation, or lose them.
   */
  readonly continued: boolean;
  /** The session of before was left for the sake of one request, which happens once a blob. */
  readonly leftOnce: boolean;
  /** The farthest offset that was counted as progress. */
  readonly mark: number;
  /** Maximum bytes of one request; `undefined`: the whole rest in one. */
  readonly chunk: number | undefined;
  readonly done: boolean;
  /** Whether the registry may have the whole blob even without a successful answer. */
  readonly allSent: boolean;
  /** An upload starts over at most once without a network error. */
  readonly startedOver: boolean;
  /** The offset of the upload when its token was last renewed. */
  readonly renewedAt: number | undefined;
}

/** GHCR accepts no more in one request with a Content-Range. */
const CHUNK = 4 * 1024 * 1024;
/** The smallest chunk if even CHUNK is too large: nginx accepts 1 MiB by default. */
export const SMALLEST_CHUNK = 64 * 1024;
const SHRINK = 4;
/** Bytes between two errors that count as progress. */
const PROGRESS = 1024 * 1024;

export function startingAt(position: UploadPosition): UploadState {
  return {
    position,
    continued: position.offset > 0,
    leftOnce: false,
    mark: position.offset,
    chunk: undefined,
    done: false,
    allSent: false,
    startedOver: false,
    renewedAt: undefined,
  };
}

/** @throws NetworkError when it has been tried often enough, and as goOn does */
export async function afterFault(
  job: UploadJob,
  state: UploadState,
  error: NetworkError,
): Promise<UploadState> {
  if (!(await job.retry.shouldRetry(error))) throw withAttempts(error, job.retry);
  return goOn(job, state);
}

/** @throws AppError where the answer is final */
export async function afterAnswer(
  job: UploadJob,
  state: UploadState,
  response: HttpResponse,
): Promise<UploadState> {
  if (isRetryableStatus(response.status)) {
    if (await job.retry.shouldRetry(response)) return goOn(job, state);
    const answer = await readErrorResponse('PUT', response);
    throw refusalOf(job, { ...answer, attempts: job.retry.failed });
  }
  if (response.tokenRenewed === true) {
    const { offset } = state.position;
    const before = state.renewedAt;
    // A token that is refused where the last one was is no token that expired.
    if (before === undefined || offset - before >= PROGRESS) {
      await response.discard();
      return goOn(job, { ...state, renewedAt: offset });
    }
  }
  const refusal = await readErrorResponse('PUT', response);
  if (isSessionUnknown(refusal)) return startOver(job, state, refusal);
  if (refusal.status === 413 || refusal.status === 416) return takeSmaller(job, state, refusal);
  const error = refusalOf(job, refusal);
  if (state.continued) return sendWhole(job, state, error);
  if (!isDigestRefused(refusal)) throw error;
  // Sending damaged content again would not help: first see which side it is.
  const damaged = await verifySource(job.source, job.operation, error, job.options);
  if (state.startedOver) throw damaged;
  return startOver(job, state, refusal);
}

/**
 * Leaves the session, and sends the blob in one request: what continued it is refused or cannot be
 * believed. @throws `why` if that has been done before
 */
export async function sendWhole(
  job: UploadJob,
  state: UploadState,
  why: AppError,
): Promise<UploadState> {
  if (state.leftOnce) throw why;
  return reopen(job, { ...state, chunk: undefined, leftOnce: true }, state.position.session);
}

export function movedTo(job: UploadJob, state: UploadState, position: UploadPosition): UploadState {
  job.log.movedTo(position.session);
  return { ...state, position };
}

/** After enough progress since the last error, errors are counted from the beginning again. */
export function countProgress({ retry }: UploadJob, state: UploadState): UploadState {
  const { offset } = state.position;
  if (offset - state.mark < PROGRESS) return state;
  retry.progressed();
  return { ...state, mark: offset };
}

/** Asks the session for its offset; starts over if it does not know. */
async function goOn(job: UploadJob, state: UploadState): Promise<UploadState> {
  const { context, operation, options, source } = job;
  const { session } = state.position;
  const position = mayContinue(context)
    ? await getUploadPosition(context, session, operation.target, options)
    : undefined;
  if (position !== undefined && position.offset <= source.descriptor.size) {
    const continued = state.continued || position.offset > 0;
    return countProgress(job, movedTo(job, { ...state, continued }, position));
  }
  if (state.allSent && (await isStored(job))) return { ...state, done: true };
  return reopen(job, state, position === undefined ? undefined : session);
}

async function isStored({ context, source, options }: UploadJob): Promise<boolean> {
  const { digest, size } = source.descriptor;
  const there = await hasBlob(context, digest, options).catch(() => undefined);
  return there !== undefined && (there.size === undefined || there.size === size);
}

async function startOver(
  job: UploadJob,
  state: UploadState,
  answer: ErrorResponse,
): Promise<UploadState> {
  if (state.startedOver) throw refusalOf(job, answer);
  const old = isSessionUnknown(answer) ? undefined : state.position.session;
  return reopen(job, { ...state, startedOver: true }, old);
}

async function reopen(
  job: UploadJob,
  state: UploadState,
  old: UploadTarget | undefined,
): Promise<UploadState> {
  const { context, source, options } = job;
  if (old !== undefined) await cancelSession(context, old);
  const session = await openSession(context, source.descriptor.digest, options);
  return movedTo(job, { ...state, mark: 0, continued: false }, { session, offset: 0 });
}

/** Too much at once (413, GHCR's 416), or not where the session is (416): ask it, then in chunks. */
async function takeSmaller(
  job: UploadJob,
  state: UploadState,
  answer: ErrorResponse,
): Promise<UploadState> {
  const { offset, session } = state.position;
  if (!mayContinue(job.context)) {
    const error = refusalOf(job, answer);
    if (state.continued) return sendWhole(job, state, error);
    throw error;
  }
  const wasWhole = state.chunk === undefined;
  if (answer.status === 416 && (offset > 0 || !wasWhole)) {
    const message = `${job.operation.target}: the upload is not where it was thought to be`;
    const next = { ...state, chunk: state.chunk ?? CHUNK };
    return wasWhole
      ? goOn(job, next)
      : afterFault(job, next, new NetworkError('NETWORK', message, { retry: 'always' }));
  }
  const sent = Math.min(job.source.descriptor.size - offset, state.chunk ?? Infinity);
  const smaller = Math.min(CHUNK, Math.ceil(sent / SHRINK));
  const least = answer.status === 416 ? CHUNK : SMALLEST_CHUNK;
  if (sent <= least) throw refusalOf(job, answer);
  const chunk = wasWhole && sent > CHUNK ? CHUNK : Math.max(SMALLEST_CHUNK, smaller);
  // What refused the request may be in front of the registry, which then knows nothing of it.
  if (answer.status === 413 && wasWhole) return reopen(job, { ...state, chunk }, session);
  return goOn(job, { ...state, chunk });
}

function refusalOf(
  { context, operation }: UploadJob,
  answer: ErrorResponse,
): ReturnType<typeof registryErrorFrom> {
  const code = answer.status < 300 ? 'NOT_A_REGISTRY' : undefined;
  return registryErrorFrom(context, operation, answer, { code });
}

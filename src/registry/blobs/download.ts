import { AppError, IntegrityError } from '../../errors/app-error.ts';
import { NetworkError } from '../../http/dial/network-error.ts';
import { attemptFacts } from '../../http/retry/pauses.ts';
import type { RetryState } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Verifier } from '../../store/verify.ts';
import type { Bytes } from '../../util/bytes.ts';

export interface Download {
  /** The start: from a remembered offset, or the answer to the first request. */
  readonly first: BodyPart;
  /** Asks the registry again, from a byte offset; its redirect target may have expired. */
  readonly reopen: (offset: number) => Promise<HttpResponse>;
  readonly descriptor: Descriptor;
  /** Holds the hash of everything before `first`. */
  readonly verifier: Verifier;
  /** Called after each chunk. */
  readonly onProgress: (verifier: Verifier) => void;
  /** Called after everything is read; `right`: whether it is the blob's content. */
  readonly onEnd: (right: boolean) => void;
  /** "ghcr.io/a/b@sha256:…" */
  readonly target: string;
  readonly refuse: (response: HttpResponse) => Promise<Error>;
  /** Limits consecutive interruptions with too little progress. */
  readonly retry: RetryState;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes between two interruptions that count as progress. */
const PROGRESS = 1024 * 1024;

/** A body and how many bytes at its start are already known. */
export interface BodyPart {
  readonly response: HttpResponse;
  readonly skip: number;
}

/**
 * Yields one blob's verified bytes over any number of requests; the last ones are held back until
 * all are known to be correct.
 */
export async function* download(job: Download): Bytes {
  const { verifier, retry } = job;
  let last: Uint8Array | undefined;
  let part = job.first;
  let mark = verifier.received;
  for (;;) {
    let cause: unknown;
    let { skip } = part;
    try {
      for await (const chunk of part.response.body) {
        const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - fresh.byteLength;
        if (fresh.byteLength === 0) continue;
        verifier.update(fresh);
        job.onProgress(verifier);
        if (verifier.complete) last = fresh;
        else yield fresh;
      }
    } catch (error) {
      job.signal?.throwIfAborted();
      if (error instanceof IntegrityError) {
        job.onEnd(false);
        throw error;
      }
      cause = error;
    } finally {
      await part.response.discard();
    }
    if (verifier.complete) break;
    if (verifier.received - mark >= PROGRESS) retry.progressed();
    mark = verifier.received;
    if (!(await retry.shouldRetry(cutOff(job, cause)))) throw gaveUp(job, cause);
    part = await resume(job, verifier.received);
  }
  try {
    verifier.finish();
  } catch (error) {
    job.onEnd(false);
    throw error;
  }
  job.onEnd(true);
  if (last !== undefined) yield last;
}

/** Whatever ended a body early, another request may return the rest. */
function cutOff({ target, verifier, descriptor }: Download, cause: unknown): NetworkError {
  const where = `at byte ${verifier.received} of ${descriptor.size}`;
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  const message = `${target}: cut off ${where}${why}`;
  return new NetworkError('NETWORK', message, { retry: 'always', cause });
}

function gaveUp({ target, verifier, descriptor, retry }: Download, cause: unknown): Error {
  const where = `at byte ${verifier.received} of ${descriptor.size}`;
  const message = `cannot read blob ${target}: it was interrupted ${where}`;
  const why = attemptFacts(retry.failed);
  const hint = 'Run the command again: it resumes where the download stopped.';
  if (cause instanceof AppError) {
    return new AppError(cause.code, message, { cause, why, hint: cause.hint ?? hint });
  }
  if (cause !== undefined) return new AppError('NETWORK', message, { cause, why, hint });
  const facts = { expected: String(descriptor.size), actual: String(verifier.received) };
  return new IntegrityError('SIZE_MISMATCH', message, facts, { why, hint });
}

/** The rest from `offset`; if ranges do not work, the whole blob with the known start skipped. */
export async function resume(
  job: Pick<Download, 'reopen' | 'descriptor' | 'refuse' | 'target'>,
  offset: number,
): Promise<BodyPart> {
  const response = await job.reopen(offset);
  if (response.status === 200) return { response, skip: offset };
  if (response.status === 206 && isContinuation(response, offset, job.descriptor.size)) {
    return { response, skip: 0 };
  }
  if (response.status !== 206 && response.status !== 416) throw await job.refuse(response);
  await response.discard();
  if (offset === 0) {
    throw new AppError(
      'REGISTRY_ERROR',
      `cannot read ${job.target}: the registry answered with a wrong range`,
    );
  }
  const whole = await job.reopen(0);
  if (whole.status !== 200) throw await job.refuse(whole);
  return { response: whole, skip: offset };
}

/** `Content-Range: bytes START-END/TOTAL` (RFC 9110, 14.4) starts and ends where it must. */
export function isContinuation(
  response: Pick<HttpResponse, 'headers'>,
  offset: number,
  size: number,
): boolean {
  const value = response.headers.get('content-range') ?? '';
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/iu.exec(value.trim());
  if (match === null) return false;
  const [, start, end, total] = match;
  return (
    Number(start) === offset &&
    Number(end) >= offset &&
    Number(end) < size &&
    (total === '*' || Number(total) === size)
  );
}

import { AppError, IntegrityError, wrapError } from '../errors/app-error.ts';
import type { HttpResponse } from '../http/types.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { Verifier } from '../store/verify.ts';
import type { Bytes } from '../util/bytes.ts';

export interface Download {
  /** The 200 answer to the first request. */
  readonly first: HttpResponse;
  /** Asks the registry again, from a byte offset; its redirect target may have expired. */
  readonly reopen: (offset: number) => Promise<HttpResponse>;
  readonly descriptor: Descriptor;
  /** "ghcr.io/a/b@sha256:…" */
  readonly target: string;
  readonly refuse: (response: HttpResponse) => Promise<Error>;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Cuts in a row, each after little progress, before the download is given up. */
const MAX_CUTS = 5;
/** Bytes between two cuts that count as progress. */
const PROGRESS = 1024 * 1024;
const FIRST_PAUSE_MS = 200;

/** A body and how many bytes at its start are already known. */
interface Part {
  readonly response: HttpResponse;
  readonly skip: number;
}

/** One blob's bytes, verified, over as many requests as it takes. */
export async function* download(job: Download): Bytes {
  const { descriptor, target } = job;
  const verifier = new Verifier(descriptor, target);
  let part: Part = { response: job.first, skip: 0 };
  let cuts = 0;
  let mark = 0;
  for (;;) {
    let cause: unknown;
    let { skip } = part;
    try {
      for await (const chunk of part.response.body) {
        const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - fresh.byteLength;
        if (fresh.byteLength === 0) continue;
        verifier.update(fresh);
        yield fresh;
      }
    } catch (error) {
      job.signal?.throwIfAborted();
      if (error instanceof IntegrityError) throw error;
      cause = error;
    } finally {
      await part.response.discard();
    }
    if (verifier.received === descriptor.size) break;
    cuts = verifier.received - mark >= PROGRESS ? 1 : cuts + 1;
    mark = verifier.received;
    if (cuts >= MAX_CUTS) throw gaveUp(verifier, job, cause);
    if (cuts > 1) await job.pause(FIRST_PAUSE_MS * 2 ** (cuts - 2), job.signal);
    part = await resume(job, verifier.received);
  }
  verifier.finish();
}

function gaveUp(verifier: Verifier, job: Download, cause: unknown): Error {
  const { target, descriptor } = job;
  const where = `at byte ${verifier.received} of ${descriptor.size}`;
  const message = `${target}: the download was cut ${MAX_CUTS} times, last ${where}`;
  if (cause !== undefined) return wrapError(cause, 'NETWORK', message);
  return new IntegrityError('SIZE_MISMATCH', message, {
    expected: String(descriptor.size),
    actual: String(verifier.received),
  });
}

/** The rest from `offset`; where ranges do not work, all of it with the known start skipped. */
async function resume(job: Download, offset: number): Promise<Part> {
  const response = await job.reopen(offset);
  if (response.status === 200) return { response, skip: offset };
  if (response.status === 206 && continues(response, offset, job.descriptor.size)) {
    return { response, skip: 0 };
  }
  if (response.status !== 206 && response.status !== 416) throw await job.refuse(response);
  await response.discard();
  if (offset === 0) throw notContinued(job);
  const whole = await job.reopen(0);
  if (whole.status !== 200) throw await job.refuse(whole);
  return { response: whole, skip: offset };
}

function notContinued(job: Download): AppError {
  return new AppError('REGISTRY_ERROR', `${job.target}: the registry answered with a wrong range`);
}

/** `Content-Range: bytes START-END/TOTAL` (RFC 9110, 14.4) starts and ends where it must. */
function continues(response: HttpResponse, offset: number, size: number): boolean {
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

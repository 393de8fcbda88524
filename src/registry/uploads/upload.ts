import { NetworkError } from '../../http/dial/network-error.ts';
import { isRetryableStatus, type RetryState, withAttempts } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { bytesOf, type Bytes } from '../../util/bytes.ts';
import { type Operation, request, type RequestContext } from '../requests.ts';
import { hasBlob } from '../blobs/blobs.ts';
import { verifySource } from './verify-source.ts';
import { sourceBody, SourceReader } from './body.ts';
import { type ErrorResponse, readErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { withDigest, type UploadTarget } from './location.ts';
import { checkStored, isDigestRefused, isSessionUnknown } from './answers.ts';
import { isWritten, namesContent } from '../success.ts';
import { openSession } from './start.ts';
import {
  followLocation,
  getUploadPosition,
  offsetFromRange,
  type UploadPosition,
  cancelSession,
} from './status.ts';
import type { UploadLog } from './journaled.ts';

export interface UploadOptions extends Omit<PushOptions, 'tag'> {
  /** Nothing is known of the blob: find out whether it is there, with the fewest requests. */
  readonly probe?: boolean | undefined;
}

/** GHCR takes no more in one request that has a Content-Range. */
const CHUNK = 4 * 1024 * 1024;
/** Where that is too much as well (nginx takes 1 MiB unless told otherwise), a quarter; so small at least. */
const SMALLEST_CHUNK = 64 * 1024;
const SHRINK = 4;
/** A chunk is held in memory; a registry that wants larger ones is sent the rest as one. */
const MAX_CHUNK = 64 * 1024 * 1024;
/**
 * Less than this is asked of the source before the request that carries it: a connection that waits
 * for a source could have carried another. More is worth a connection that is opened meanwhile.
 */
const AT_HAND = 1024 * 1024;
/** Bytes between two faults that count as progress. */
const PROGRESS = 1024 * 1024;
const CONTENT = { 'content-type': 'application/octet-stream' };

export interface OpenUpload {
  readonly position: UploadPosition;
  readonly source: Source;
  readonly operation: Operation;
  readonly log: UploadLog;
}

/**
 * Sends a blob into an open session: by one PUT, and after a fault from where the registry says the
 * session is. A session it has forgotten is opened anew. Whatever fails cancels the session, unless
 * another run may go on with it.
 */
export async function sendContent(
  context: RequestContext,
  upload: OpenUpload,
  options: UploadOptions,
): Promise<void> {
  await new BlobUpload(context, upload, options).run();
}

class BlobUpload {
  readonly #context: RequestContext;
  readonly #source: Source;
  readonly #operation: Operation;
  readonly #options: UploadOptions;
  readonly #log: UploadLog;
  readonly #retry: RetryState;
  readonly #reader: SourceReader;
  #position: UploadPosition;
  /** Begun by an earlier run: the registry may refuse what is there, or to go on with it. */
  #inherited: boolean;
  /** The farthest offset that was counted as progress. */
  #mark = 0;
  /** Most bytes of one request; `undefined`: all that is left goes in one. */
  #chunk: number | undefined;
  #done = false;
  /** Whether the registry may have the whole blob although no answer said so. */
  #allSent = false;
  /** Starting over without a fault of the network is done once. */
  #startedOver = false;
  /** Where the upload was when its token was last found to be renewed. */
  #renewedAt: number | undefined;

  constructor(
    context: RequestContext,
    { position, source, operation, log }: OpenUpload,
    options: UploadOptions,
  ) {
    this.#context = context;
    this.#source = source;
    this.#operation = operation;
    this.#options = options;
    this.#log = log;
    this.#position = position;
    this.#mark = position.offset;
    this.#inherited = position.offset > 0;
    this.#retry = context.deps.retries(options.signal);
    this.#reader = new SourceReader(source, operation, options);
  }

  async run(): Promise<void> {
    try {
      while (!this.#done) await this.#step();
      await this.#log.done();
    } catch (error) {
      const left = await this.#log.failed(error, this.#options.signal);
      if (!left) await cancelSession(this.#context, this.#position.session);
      throw error;
    } finally {
      await this.#reader.close().catch(() => undefined);
    }
  }

  get #size(): number {
    return this.#source.descriptor.size;
  }

  async #step(): Promise<void> {
    const { session, offset } = this.#position;
    const chunk = Math.max(this.#chunk ?? Infinity, session.minChunk ?? 0);
    const inChunks = chunk <= MAX_CHUNK && this.#size - offset > chunk;
    const outcome = await (inChunks ? this.#patch(chunk) : this.#put());
    if (outcome instanceof NetworkError) return this.#afterFault(outcome);
    if (outcome !== undefined) await this.#afterAnswer(outcome);
  }

  /** The rest, and with it the end of the upload. `undefined`: stored. */
  async #put(): Promise<HttpResponse | NetworkError | undefined> {
    const { session, offset } = this.#position;
    const last = this.#size - 1;
    const headers =
      offset > 0 && offset <= last ? { ...CONTENT, 'content-range': `${offset}-${last}` } : CONTENT;
    const isShort = this.#size - offset < AT_HAND;
    const source = this.#inherited || isShort ? await this.#reader.sourceAt(offset) : this.#source;
    const body = sourceBody(source, offset, this.#operation, this.#options);
    const outcome = await this.#send('PUT', {
      url: withDigest(session.url, this.#source.descriptor.digest),
      headers,
      body,
    });
    this.#allSent = body.finished();
    if (outcome instanceof NetworkError) {
      const failure = body.failure();
      return failure === undefined ? outcome : Promise.reject(failure);
    }
    if (!isWritten(outcome) || !(await this.#isConfirmed(outcome))) return outcome;
    await outcome.discard();
    checkStored(outcome, this.#source, this.#operation);
    this.#done = true;
    return undefined;
  }

  /** One chunk that is not the last. `undefined`: taken, at least in part. */
  async #patch(length: number): Promise<HttpResponse | NetworkError | undefined> {
    const { session, offset } = this.#position;
    const data = await this.#reader.read(offset, length);
    this.#allSent = false;
    const outcome = await this.#send('PATCH', {
      url: session.url,
      headers: { ...CONTENT, 'content-range': `${offset}-${offset + length - 1}` },
      body: { length, open: () => this.#counted(data) },
    });
    if (outcome instanceof NetworkError || !isWritten(outcome)) return outcome;
    await outcome.discard();
    const reached = offsetFromRange(outcome) ?? offset + length;
    const isForward = reached > offset && reached <= offset + length;
    if (isForward) {
      const moved = await followLocation(this.#context, session, outcome, this.#operation.target);
      this.#moveTo({ session: moved, offset: reached });
      this.#options.onBytes?.(reached);
    }
    if (reached === offset + length) {
      this.#countProgress();
      return undefined;
    }
    const taken = Math.max(0, reached - offset);
    const message = `${this.#operation.target}: the registry took ${taken} of ${length} bytes that it was sent at byte ${offset}`;
    const fault = new NetworkError('NETWORK', message, 'always', undefined, undefined);
    if (!isForward) return fault;
    // So much it takes at a time. To send more again and again would never end, so it is a try, too.
    this.#chunk = Math.max(SMALLEST_CHUNK, taken);
    if (!(await this.#retry.shouldRetry(fault))) throw withAttempts(fault, this.#retry);
    this.#countProgress();
    return undefined;
  }

  /** 201 and 204 are a registry's; other successes have to name the blob, or to show it. */
  async #isConfirmed(response: HttpResponse): Promise<boolean> {
    if (response.status === 201 || response.status === 204) return true;
    const { digest, size } = this.#source.descriptor;
    if (namesContent(response, digest)) return true;
    const there = await hasBlob(this.#context, digest, this.#options).catch(() => undefined);
    return there?.size === size;
  }

  #counted(data: Uint8Array): Bytes {
    this.#options.onSent?.(data.byteLength);
    return bytesOf(data);
  }

  async #send(
    method: string,
    parts: Pick<Parameters<RequestContext['deps']['request']>[0], 'url' | 'headers' | 'body'>,
  ): Promise<HttpResponse | NetworkError> {
    const { anonymous, initiator } = this.#position.session;
    const { url, headers, body } = parts;
    const { signal } = this.#options;
    try {
      return await request(this.#context, method, url, {
        headers,
        body,
        contentSize: body?.length,
        anonymous,
        initiator,
        signal,
        // How to go on after a fault is for the session to say.
        idempotent: false,
      });
    } catch (error) {
      if (error instanceof NetworkError) return error;
      throw error;
    }
  }

  async #afterFault(error: NetworkError): Promise<void> {
    if (!(await this.#retry.shouldRetry(error))) throw withAttempts(error, this.#retry);
    await this.#goOn();
  }

  async #afterAnswer(response: HttpResponse): Promise<void> {
    if (isRetryableStatus(response.status)) {
      if (await this.#retry.shouldRetry(response)) return this.#goOn();
      const answer = await readErrorResponse('PUT', response);
      throw this.#refused({ ...answer, attempts: this.#retry.failed });
    }
    if (response.tokenRenewed === true && this.#mayRenew()) {
      await response.discard();
      return this.#goOn();
    }
    const refusal = await readErrorResponse('PUT', response);
    if (isSessionUnknown(refusal)) return this.#startOver(refusal);
    if (refusal.status === 413 || refusal.status === 416) return this.#takeSmaller(refusal);
    if (this.#inherited) return this.#startOver(refusal);
    const error = this.#refused(refusal);
    if (!isDigestRefused(refusal)) throw error;
    // Sending damaged content again would not help: first see which side it is.
    const damaged = await verifySource(this.#source, this.#operation, error, this.#options);
    if (this.#startedOver) throw damaged;
    await this.#startOver(refusal);
  }

  /** A token that is refused where the last one was is no token that expired. */
  #mayRenew(): boolean {
    const { offset } = this.#position;
    const before = this.#renewedAt;
    this.#renewedAt = offset;
    return before === undefined || offset - before >= PROGRESS;
  }

  /** Asks the session where it is; what it cannot say starts over. */
  async #goOn(): Promise<void> {
    const { session } = this.#position;
    const { target } = this.#operation;
    const position = await getUploadPosition(this.#context, session, target, this.#options);
    if (position !== undefined && position.offset <= this.#size) return this.#arrivedAt(position);
    if (this.#allSent && (await this.#isStored())) {
      this.#done = true;
      return;
    }
    await this.#reopen(position === undefined ? undefined : session);
  }

  #arrivedAt(position: UploadPosition): void {
    this.#moveTo(position);
    this.#countProgress();
  }

  #moveTo(position: UploadPosition): void {
    this.#position = position;
    this.#log.movedTo(position.session);
  }

  #countProgress(): void {
    const { offset } = this.#position;
    if (offset - this.#mark < PROGRESS) return;
    this.#retry.progressed();
    this.#mark = offset;
  }

  async #isStored(): Promise<boolean> {
    const { digest, size } = this.#source.descriptor;
    const there = await hasBlob(this.#context, digest, this.#options).catch(() => undefined);
    return there !== undefined && (there.size === undefined || there.size === size);
  }

  async #startOver(answer: ErrorResponse): Promise<void> {
    if (this.#startedOver) throw this.#refused(answer);
    this.#startedOver = true;
    await this.#reopen(isSessionUnknown(answer) ? undefined : this.#position.session);
  }

  async #reopen(old: UploadTarget | undefined): Promise<void> {
    if (old !== undefined) await cancelSession(this.#context, old);
    const { digest } = this.#source.descriptor;
    this.#mark = 0;
    this.#inherited = false;
    const session = await openSession(this.#context, digest, this.#options);
    this.#position = { session, offset: 0 };
    this.#log.movedTo(session);
  }

  /** Too much at once (413, GHCR's 416), or not where the session is (416): ask it, then in chunks. */
  async #takeSmaller(answer: ErrorResponse): Promise<void> {
    const wasWhole = this.#chunk === undefined;
    if (answer.status === 416 && (this.#position.offset > 0 || !wasWhole)) {
      const message = `${this.#operation.target}: the upload is not where it was thought to be`;
      this.#chunk ??= CHUNK;
      return wasWhole
        ? this.#goOn()
        : this.#afterFault(new NetworkError('NETWORK', message, 'always', undefined, undefined));
    }
    const sent = Math.min(this.#size - this.#position.offset, this.#chunk ?? Infinity);
    const smaller = Math.min(CHUNK, Math.ceil(sent / SHRINK));
    const least = answer.status === 416 ? CHUNK : SMALLEST_CHUNK;
    if (sent <= least) throw this.#refused(answer);
    this.#chunk = wasWhole && sent > CHUNK ? CHUNK : Math.max(SMALLEST_CHUNK, smaller);
    // What refused the request may be in front of the registry, which then knows nothing of it.
    if (answer.status === 413 && wasWhole) return this.#reopen(this.#position.session);
    await this.#goOn();
  }

  #refused(answer: ErrorResponse): ReturnType<typeof registryErrorFrom> {
    const code = answer.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    return registryErrorFrom(this.#context, this.#operation, answer, { code });
  }
}

import { NetworkError } from '../../http/dial/network-error.ts';
import { afterTries, isRetried, type Tries } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { PushOptions, Source } from '../../store/types.ts';
import { bytesOf, type Bytes } from '../../util/bytes.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { hasBlob } from '../blobs/blobs.ts';
import { checkSource } from './verify-source.ts';
import { send, type Connection } from '../requests.ts';
import { contentFrom, Pieces } from './body.ts';
import { readRefusal, type Refusal } from '../errors/body.ts';
import { refusalError } from '../errors/error.ts';
import { withDigest, type UploadTarget } from './location.ts';
import { checkStored, isDigestRefused, isLost } from './answers.ts';
import { openSession } from './start.ts';
import { askPlace, movedTo, offsetOf, type Place } from './status.ts';
import { cancelSession } from './status.merge-upload-cancel.ts';
import type { UploadNotes } from './journaled.ts';

export interface UploadOptions extends Omit<PushOptions, 'tag'> {
  /** Nothing is known of the blob: find out whether it is there, with the fewest requests. */
  readonly probe?: boolean | undefined;
}

/** GHCR takes no more in one request that has a Content-Range. */
const CHUNK = 4 * 1024 * 1024;
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

export interface Upload {
  readonly place: Place;
  readonly source: Source;
  readonly attempt: Attempt;
  readonly notes: UploadNotes;
}

/**
 * Sends a blob into an open session: by one PUT, and after a fault from where the registry says the
 * session is. A session it has forgotten is opened anew. Whatever fails cancels the session, unless
 * another run may go on with it.
 */
export async function sendContent(
  connection: Connection,
  upload: Upload,
  options: UploadOptions,
): Promise<void> {
  await new BlobUpload(connection, upload, options).run();
}

class BlobUpload {
  readonly #connection: Connection;
  readonly #source: Source;
  readonly #attempt: Attempt;
  readonly #options: UploadOptions;
  readonly #notes: UploadNotes;
  readonly #tries: Tries;
  readonly #pieces: Pieces;
  #place: Place;
  /** Begun by an earlier run: the registry may refuse what is there, or to go on with it. */
  #inherited: boolean;
  /** The farthest offset that was counted as progress. */
  #mark = 0;
  #chunked = false;
  #done = false;
  /** Whether the registry may have the whole blob although no answer said so. */
  #allSent = false;
  /** Starting over without a fault of the network is done once. */
  #startedOver = false;
  /** Where the upload was when its token was last found to be renewed. */
  #renewedAt: number | undefined;

  constructor(
    connection: Connection,
    { place, source, attempt, notes }: Upload,
    options: UploadOptions,
  ) {
    this.#connection = connection;
    this.#source = source;
    this.#attempt = attempt;
    this.#options = options;
    this.#notes = notes;
    this.#place = place;
    this.#mark = place.offset;
    this.#inherited = place.offset > 0;
    this.#tries = connection.deps.retries(options.signal);
    this.#pieces = new Pieces(source, attempt, options);
  }

  async run(): Promise<void> {
    try {
      while (!this.#done) await this.#step();
      await this.#notes.done();
    } catch (error) {
      const left = await this.#notes.failed(error, this.#options.signal);
      if (!left) await cancelSession(this.#connection, this.#place.session);
      throw error;
    } finally {
      await this.#pieces.close().catch(() => undefined);
    }
  }

  get #size(): number {
    return this.#source.descriptor.size;
  }

  async #step(): Promise<void> {
    const { session, offset } = this.#place;
    const chunk = Math.max(CHUNK, session.minChunk ?? 0);
    const inChunks = this.#chunked && chunk <= MAX_CHUNK && this.#size - offset > chunk;
    const outcome = await (inChunks ? this.#patch(chunk) : this.#put());
    if (outcome instanceof NetworkError) return this.#afterFault(outcome);
    if (outcome !== undefined) await this.#afterAnswer(outcome);
  }

  /** The rest, and with it the end of the upload. `undefined`: stored. */
  async #put(): Promise<HttpResponse | NetworkError | undefined> {
    const { session, offset } = this.#place;
    const last = this.#size - 1;
    const headers =
      offset > 0 && offset <= last ? { ...CONTENT, 'content-range': `${offset}-${last}` } : CONTENT;
    const isShort = this.#size - offset < AT_HAND;
    const source = this.#inherited || isShort ? await this.#pieces.sourceAt(offset) : this.#source;
    const body = contentFrom(source, offset, this.#attempt, this.#options);
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
    if (outcome.status !== 201 && outcome.status !== 204) return outcome;
    await outcome.discard();
    checkStored(outcome, this.#source, this.#attempt);
    this.#done = true;
    return undefined;
  }

  /** One chunk that is not the last. `undefined`: taken, at least in part. */
  async #patch(length: number): Promise<HttpResponse | NetworkError | undefined> {
    const { session, offset } = this.#place;
    const data = await this.#pieces.read(offset, length);
    this.#allSent = false;
    const outcome = await this.#send('PATCH', {
      url: session.url,
      headers: { ...CONTENT, 'content-range': `${offset}-${offset + length - 1}` },
      body: { length, open: () => this.#counted(data) },
    });
    if (outcome instanceof NetworkError || outcome.status < 200 || outcome.status > 204) {
      return outcome;
    }
    await outcome.discard();
    const reached = offsetOf(outcome) ?? offset + length;
    if (reached <= offset || reached > offset + length) {
      return new NetworkError('NETWORK', this.#stuck(reached), 'always', undefined, undefined);
    }
    this.#arrivedAt({
      session: await movedTo(this.#connection, session, outcome, this.#attempt.target),
      offset: reached,
    });
    this.#options.onBytes?.(reached);
    return undefined;
  }

  #counted(data: Uint8Array): Bytes {
    this.#options.onSent?.(data.byteLength);
    return bytesOf(data);
  }

  async #send(
    method: string,
    request: Pick<Parameters<Connection['deps']['request']>[0], 'url' | 'headers' | 'body'>,
  ): Promise<HttpResponse | NetworkError> {
    const { anonymous, via } = this.#place.session;
    const { url, headers, body } = request;
    const { signal } = this.#options;
    try {
      return await send(this.#connection, method, url, {
        headers,
        body,
        contentSize: body?.length,
        anonymous,
        via,
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
    if (!(await this.#tries.again(error))) throw afterTries(error, this.#tries);
    await this.#goOn();
  }

  async #afterAnswer(response: HttpResponse): Promise<void> {
    if (isRetried(response.status)) {
      if (await this.#tries.again(response)) return this.#goOn();
      const refusal = await readRefusal('PUT', response);
      throw this.#refused({ ...refusal, tries: this.#tries.failed });
    }
    if (response.renewed === true && this.#mayRenew()) {
      await response.discard();
      return this.#goOn();
    }
    const refusal = await readRefusal('PUT', response);
    if (isLost(refusal)) return this.#startOver(refusal);
    if (refusal.status === 413 || refusal.status === 416) return this.#takeSmaller(refusal);
    if (this.#inherited) return this.#startOver(refusal);
    const error = this.#refused(refusal);
    if (!isDigestRefused(refusal)) throw error;
    // Sending damaged content again would not help: first see which side it is.
    const damaged = await checkSource(this.#source, this.#attempt, error, this.#options);
    if (this.#startedOver) throw damaged;
    await this.#startOver(refusal);
  }

  /** A token that is refused where the last one was is no token that expired. */
  #mayRenew(): boolean {
    const { offset } = this.#place;
    const before = this.#renewedAt;
    this.#renewedAt = offset;
    return before === undefined || offset - before >= PROGRESS;
  }

  /** Asks the session where it is; what it cannot say starts over. */
  async #goOn(): Promise<void> {
    const { session } = this.#place;
    const { target } = this.#attempt;
    const place = await askPlace(this.#connection, session, target, this.#options);
    if (place !== undefined && place.offset <= this.#size) return this.#arrivedAt(place);
    if (this.#allSent && (await this.#isStored())) {
      this.#done = true;
      return;
    }
    await this.#reopen(place === undefined ? undefined : session);
  }

  #arrivedAt(place: Place): void {
    if (place.offset - this.#mark >= PROGRESS) {
      this.#tries.progressed();
      this.#mark = place.offset;
    }
    this.#place = place;
    this.#notes.at(place.session);
  }

  async #isStored(): Promise<boolean> {
    const { digest, size } = this.#source.descriptor;
    const there = await hasBlob(this.#connection, digest, this.#options).catch(() => undefined);
    return there !== undefined && (there.size === undefined || there.size === size);
  }

  async #startOver(refusal: Refusal): Promise<void> {
    if (this.#startedOver) throw this.#refused(refusal);
    this.#startedOver = true;
    await this.#reopen(isLost(refusal) ? undefined : this.#place.session);
  }

  async #reopen(old: UploadTarget | undefined): Promise<void> {
    if (old !== undefined) await cancelSession(this.#connection, old);
    const { digest } = this.#source.descriptor;
    this.#mark = 0;
    this.#inherited = false;
    const session = await openSession(this.#connection, digest, this.#options);
    this.#place = { session, offset: 0 };
    this.#notes.at(session);
  }

  /** Too much at once (413, GHCR's 416), or not where the session is (416): ask it, then in chunks. */
  async #takeSmaller(refusal: Refusal): Promise<void> {
    const wasChunked = this.#chunked;
    const misplaced = refusal.status === 416 && (this.#place.offset > 0 || wasChunked);
    if (!misplaced && (wasChunked || this.#size <= CHUNK)) throw this.#refused(refusal);
    this.#chunked = true;
    if (refusal.status === 413 && !wasChunked) return this.#reopen(this.#place.session);
    if (!wasChunked) return this.#goOn();
    const message = `${this.#attempt.target}: the upload is not where it was thought to be`;
    await this.#afterFault(new NetworkError('NETWORK', message, 'always', undefined, undefined));
  }

  #stuck(reached: number): string {
    return `${this.#attempt.target}: the upload is at byte ${reached}, not behind ${this.#place.offset}`;
  }

  #refused(refusal: Refusal): ReturnType<typeof refusalError> {
    const code = refusal.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    return refusalError(this.#connection, this.#attempt, refusal, { code });
  }
}

import { IntegrityError, type RegistryError } from '../errors/app-error.ts';
import type { HttpResponse, RequestBody } from '../http/types.ts';
import { algorithmOf, isDigest } from '../oci/digest.ts';
import type { PushOptions, Source } from '../store/types.ts';
import { Verifier } from '../store/verify.ts';
import type { Bytes } from '../util/bytes.ts';
import { send, type Connection } from './connection.ts';
import { hasCode, readRefusal, type Refusal } from './error-body.ts';
import type { Attempt } from './attempt.ts';
import { refusalError } from './errors.ts';
import { withDigest, type UploadTarget } from './locations.ts';

export interface UploadOptions extends Omit<PushOptions, 'tag'> {
  /** Nothing is known of the blob: find out whether it is there, with the fewest requests. */
  readonly probe?: boolean | undefined;
}

/** Longest wait for the cancellation of a session that failed. */
const CANCEL_MS = 2_000;

/**
 * Sends the whole content by one PUT. Resolves to the refusal when the registry does not know the
 * session any more; every other failure cancels the session and throws.
 */
export async function sendContent(
  connection: Connection,
  session: UploadTarget,
  source: Source,
  attempt: Attempt,
  options: UploadOptions,
): Promise<Refusal | undefined> {
  const { digest } = source.descriptor;
  const body = contentBody(source, attempt, options);
  try {
    const response = await put(connection, withDigest(session.url, digest), session, body, options);
    if (response.status === 201 || response.status === 204) {
      await response.discard();
      checkStored(response, source, attempt);
      return undefined;
    }
    const refusal = await readRefusal('PUT', response);
    const lost = refusal.status === 404;
    if (lost && hasCode(refusal, 'BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID')) return refusal;
    const code = refusal.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    const error = refusalError(connection, attempt, refusal, { code });
    throw isDigestRefused(refusal) ? new DigestRefused(error) : error;
  } catch (error) {
    await cancelSession(connection, session);
    if (error instanceof DigestRefused) throw await blame(source, attempt, error.refusal, options);
    throw error;
  }
}

/** A session left open keeps its bytes until the registry cleans up: ends it, best effort. */
export async function cancelSession(connection: Connection, session: UploadTarget): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  try {
    const { url, anonymous, via } = session;
    const response = await send(connection, 'DELETE', url, { anonymous, via, signal });
    await response.discard();
  } catch {
    // The failure that led here is the one to report.
  }
}

interface ContentBody extends RequestBody {
  /** What the source threw while it was read; the client may have wrapped it. */
  readonly failure: () => unknown;
}

async function put(
  connection: Connection,
  url: URL,
  session: UploadTarget,
  body: ContentBody,
  options: UploadOptions,
): Promise<HttpResponse> {
  try {
    return await send(connection, 'PUT', url, {
      headers: { 'content-type': 'application/octet-stream' },
      body,
      anonymous: session.anonymous,
      via: session.via,
      signal: options.signal,
    });
  } catch (error) {
    throw body.failure() ?? error;
  }
}

function contentBody(source: Source, attempt: Attempt, options: UploadOptions): ContentBody {
  const { size } = source.descriptor;
  let failure: unknown;
  async function* content(): Bytes {
    failure = undefined;
    let sent = 0;
    options.onBytes?.(0);
    try {
      for await (const chunk of await source.open({ signal: options.signal })) {
        sent += chunk.byteLength;
        if (sent > size) throw wrongSize(attempt, size, sent);
        yield chunk;
        options.onBytes?.(sent);
      }
      if (sent < size) throw wrongSize(attempt, size, sent);
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { length: size, open: content, failure: () => failure };
}

function wrongSize(attempt: Attempt, size: number, sent: number): IntegrityError {
  return new IntegrityError(
    'SIZE_MISMATCH',
    `cannot ${attempt.action} ${attempt.target}: its source has ${sent < size ? sent : `more than ${size}`} bytes, its descriptor says ${size}`,
    { expected: String(size), actual: String(sent) },
  );
}

/** The registry found another digest in what it received. */
class DigestRefused extends Error {
  readonly refusal: RegistryError;

  constructor(refusal: RegistryError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function isDigestRefused(refusal: Refusal): boolean {
  return refusal.status === 400 && hasCode(refusal, 'DIGEST_INVALID');
}

/** Reads the source once more to say which side is damaged; sending it again would not help. */
async function blame(
  source: Source,
  attempt: Attempt,
  refusal: RegistryError,
  options: UploadOptions,
): Promise<Error> {
  const { digest } = source.descriptor;
  const bytes = await source.open({ signal: options.signal });
  const verifier = new Verifier(source.descriptor, `the source of ${attempt.target}`);
  for await (const chunk of bytes) verifier.update(chunk);
  verifier.finish();
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot ${attempt.action} ${attempt.target}: the registry received other content than the source has`,
    { expected: digest, actual: 'unknown' },
    { cause: refusal, hint: 'The content was damaged on the way to the registry; try again.' },
  );
}

function checkStored(response: HttpResponse, source: Source, attempt: Attempt): void {
  const stored = response.headers.get('docker-content-digest')?.trim();
  const { digest } = source.descriptor;
  if (stored === undefined || !isDigest(stored) || stored === digest) return;
  if (algorithmOf(stored) !== algorithmOf(digest)) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `${attempt.target}: the registry stored the content as ${stored}`,
    { expected: digest, actual: stored },
  );
}

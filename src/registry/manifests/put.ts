import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { NetworkError } from '../../http/dial/network-error.ts';
import { isRetryableStatus, withAttempts } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { isMediaType, isSchema1Type } from '../../oci/media-types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf } from '../../util/bytes.ts';
import { type ErrorResponse, readErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { NOT_SEEN } from '../errors/hints.ts';
import {
  type Operation,
  refName,
  repositoryUrl,
  request,
  type RequestContext,
} from '../requests.ts';
import { isWritten, namesContent } from '../success.ts';
import type { PutManifestOptions } from '../types.ts';
import { headerAlgorithm, headerDigest, requireSameDigest, verifyPinned } from './descriptor.ts';
import { headManifest } from './read.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly subjectHandled: boolean;
}

/**
 * Writes a manifest. After an error the reference is looked up before the manifest is sent again:
 * it may be stored with only its answer lost, and an immutable tag rejects a second write.
 * @throws RegistryError, with `details.missing` if it names content that the manifest needs
 */
export async function putManifest(
  context: RequestContext,
  ref: string,
  raw: Uint8Array,
  mediaType: string,
  options: PutManifestOptions = {},
): Promise<StoredManifest> {
  const target = refName(context, ref);
  if (!isMediaType(mediaType)) {
    throw new AppError(
      'INVALID_MANIFEST',
      `cannot write manifest ${target}: "${sanitize(mediaType.slice(0, 100))}" is not a media type`,
    );
  }
  if (isDigest(ref)) verifyPinned(raw, ref, target);
  return new ManifestPut(context, { ref, raw, mediaType, target }, options).run();
}

interface WrittenManifest {
  readonly ref: string;
  readonly raw: Uint8Array;
  readonly mediaType: string;
  /** For messages. */
  readonly target: string;
}

class ManifestPut {
  readonly #context: RequestContext;
  readonly #manifest: WrittenManifest;
  readonly #options: PutManifestOptions;
  /** An earlier try may have succeeded. */
  #isDoubtful = false;
  #isTokenRenewed = false;

  constructor(context: RequestContext, manifest: WrittenManifest, options: PutManifestOptions) {
    this.#context = context;
    this.#manifest = manifest;
    this.#options = options;
  }

  async run(): Promise<StoredManifest> {
    const faults = this.#context.deps.retries(this.#options.signal);
    const lag = this.#context.deps.retries(this.#options.signal);
    const maxWaits = this.#options.visibilityRetries ?? 0;
    for (;;) {
      const outcome = await this.#send();
      if (outcome instanceof NetworkError || isRetryableStatus(outcome.status)) {
        const again = await faults.shouldRetry(outcome);
        if (!isRateLimit(outcome)) this.#isDoubtful = true;
        if (this.#isDoubtful && (await this.#isStored())) return this.#stored();
        if (again) continue;
        if (outcome instanceof NetworkError) throw withAttempts(outcome, faults);
        const answer = await readErrorResponse('PUT', outcome);
        throw this.#refused({ ...answer, attempts: faults.failed });
      }
      if (outcome.tokenRenewed === true && !this.#isTokenRenewed) {
        this.#isTokenRenewed = true;
        await outcome.discard();
        continue;
      }
      if (isWritten(outcome) && (await this.#isConfirmed(outcome))) return this.#accepted(outcome);
      const answer = await readErrorResponse('PUT', outcome);
      if (this.#isDoubtful && (await this.#isStored())) return this.#stored();
      const missing = missingContent(answer, this.#manifest.raw);
      if (missing !== undefined && maxWaits > 0) {
        const named = missing.length === 0 ? 'MANIFEST_BLOB_UNKNOWN' : missing.join(', ');
        const reason = `${this.#manifest.target}: the registry does not see yet what was sent to it (${named})`;
        if (await lag.shouldRetry({ reason, maxWaits })) continue;
      }
      throw this.#refused(answer, missing);
    }
  }

  async #send(): Promise<HttpResponse | NetworkError> {
    const { ref, raw, mediaType } = this.#manifest;
    const { ifMatch, signal } = this.#options;
    const url = await repositoryUrl(this.#context, `manifests/${ref}`, this.#options);
    try {
      return await request(this.#context, 'PUT', url, {
        headers: {
          'content-type': mediaType,
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
        body: { length: raw.byteLength, open: () => bytesOf(raw) },
        // The result of a failed try is checked first.
        idempotent: false,
        signal,
      });
    } catch (error) {
      if (error instanceof NetworkError) return error;
      throw error;
    }
  }

  /** 201 and 202 are a registry's; other successes must name the manifest, or it must exist. */
  async #isConfirmed(response: HttpResponse): Promise<boolean> {
    if (response.status === 201 || response.status === 202) return true;
    const { raw } = this.#manifest;
    return (
      namesContent(response, digestOf(raw, headerAlgorithm(response.headers))) || this.#isStored()
    );
  }

  async #accepted(response: HttpResponse): Promise<StoredManifest> {
    const { ref, raw, mediaType, target } = this.#manifest;
    await response.discard();
    const digest = isDigest(ref) ? ref : digestOf(raw, headerAlgorithm(response.headers));
    const answered = headerDigest(response.headers);
    // The digest of a signed schema 1 manifest excludes its signatures.
    if (answered !== undefined && !isSchema1Type(mediaType)) {
      requireSameDigest(
        digest,
        answered,
        `${target}: the registry stored another manifest than was sent`,
      );
    }
    return { digest, subjectHandled: response.headers.get('oci-subject') !== undefined };
  }

  async #isStored(): Promise<boolean> {
    const { ref, raw } = this.#manifest;
    const { signal } = this.#options;
    signal?.throwIfAborted();
    try {
      const call: CallOptions & { confirmAbsence: true } = { signal, confirmAbsence: true };
      const there = await headManifest(this.#context, ref, call);
      if (there === undefined) return false;
      const { digest } = there.descriptor;
      return digestOf(raw, algorithmOf(digest)) === digest;
    } catch {
      signal?.throwIfAborted();
      // The failure that caused this lookup is reported.
      return false;
    }
  }

  /** Without the answer, it is unknown whether the registry lists the referrer. */
  #stored(): StoredManifest {
    const { ref, raw } = this.#manifest;
    return { digest: isDigest(ref) ? ref : digestOf(raw), subjectHandled: false };
  }

  #refused(answer: ErrorResponse, missing?: readonly string[]): AppError {
    const operation: Operation = {
      action: 'write manifest',
      target: this.#manifest.target,
      kind: 'upload',
    };
    const code = answer.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    return registryErrorFrom(this.#context, operation, answer, {
      code,
      ...(missing === undefined ? {} : { hint: NOT_SEEN, details: { missing } }),
    });
  }
}

function isRateLimit(outcome: HttpResponse | NetworkError): boolean {
  return !(outcome instanceof NetworkError) && outcome.status === 429;
}

/** Refusals because of the credentials, the request's size or its precondition. */
const NOT_OF_CONTENT: ReadonlySet<number> = new Set([401, 403, 412, 413]);
const DIGESTS = /\bsha(?:256|512):[0-9a-f]{64,128}\b/gu;

/**
 * Returns missing content of a refusal: those of the manifest's own digests that it names, with any
 * error code. Empty for MANIFEST_BLOB_UNKNOWN without a digest; `undefined` for other refusals.
 */
function missingContent(
  { status, entries }: ErrorResponse,
  raw: Uint8Array,
): readonly string[] | undefined {
  if (status < 400 || NOT_OF_CONTENT.has(status)) return undefined;
  const needed = new Set(new TextDecoder().decode(raw).match(DIGESTS));
  const named = JSON.stringify(entries).match(DIGESTS) ?? [];
  const missing = [...new Set(named)].filter((digest) => needed.has(digest));
  const isCode = entries.some(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN');
  return missing.length > 0 || isCode ? missing : undefined;
}

import { AppError, isManifestBlobUnknown } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { NetworkError } from '../../http/dial/network-error.ts';
import { isRetryableStatus } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { isMediaType, isSchema1Type, MANIFEST_ACCEPT } from '../../oci/media-types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import {
  refName,
  repositoryUrl,
  request,
  type RequestContext,
  type RequestOptions,
  type Operation,
} from '../requests.ts';
import {
  digestByTag,
  headerAlgorithm,
  headerDigest,
  requireSameDigest,
  verifyPinned,
  describeManifestBytes,
  descriptorFromHeaders,
} from './descriptor.ts';
import { contentTypeOf, isHtml, readErrorResponse } from '../errors/body.ts';
import { notARegistryHint } from '../errors/hints.ts';
import { errorFromResponse, registryErrorFrom } from '../errors/error.ts';
import type { ManifestResponse, PutManifestOptions } from '../types.ts';

const NOT_SEEN_YET = 'the registry does not see yet what was sent to it (MANIFEST_BLOB_UNKNOWN)';

/** Statuses of a HEAD that say nothing about the manifest: ask again with GET. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 405, 406, 415, 501]);

export async function getManifest(
  context: RequestContext,
  ref: string,
  options: CallOptions = {},
): Promise<ManifestResponse> {
  return readManifest(context, ref, await askManifest(context, 'GET', ref, options), options);
}

/** A manifest from the answer to a GET. */
export async function readManifest(
  context: RequestContext,
  ref: string,
  answer: HttpResponse,
  options: CallOptions,
): Promise<ManifestResponse> {
  const target = refName(context, ref);
  const { response, raw } = await readTwice(context, ref, answer, options);
  const contentType = contentTypeOf(response.headers);
  if (isHtml(response.headers, new TextDecoder().decode(raw.subarray(0, 64)))) {
    throw new AppError(
      'NOT_A_REGISTRY',
      `cannot read manifest ${target}: the answer is an HTML page`,
      { hint: notARegistryHint(context.registry) },
    );
  }
  const digest = isDigest(ref)
    ? verifyPinned(raw, ref, target)
    : digestByTag(context, raw, response.headers, contentType, target);
  return {
    descriptor: describeManifestBytes(raw, contentType, digest, target),
    raw,
    headers: response.headers,
  };
}

interface ManifestRead {
  readonly response: HttpResponse;
  readonly raw: Uint8Array;
}

/** What arrived damaged is asked for once more; a registry that says the same again is believed. */
async function readTwice(
  context: RequestContext,
  ref: string,
  answer: HttpResponse,
  options: CallOptions,
): Promise<ManifestRead> {
  const first = await readOnce(context, ref, answer);
  if (matchesRef(first, ref)) return first;
  return readOnce(context, ref, await askManifest(context, 'GET', ref, options));
}

async function readOnce(
  context: RequestContext,
  ref: string,
  response: HttpResponse,
): Promise<ManifestRead> {
  const target = refName(context, ref);
  if (response.status !== 200) {
    throw await errorFromResponse(context, readManifestOperation(target), 'GET', response);
  }
  return { response, raw: await readBody(response, target) };
}

function matchesRef({ response, raw }: ManifestRead, ref: string): boolean {
  const named = isDigest(ref) ? ref : headerDigest(response.headers);
  return (
    named === undefined ||
    isSchema1Type(contentTypeOf(response.headers) ?? '') ||
    digestOf(raw, algorithmOf(named)) === named
  );
}

export async function headManifest(
  context: RequestContext,
  ref: string,
  options: CallOptions = {},
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  return readDescriptor(context, ref, await askManifest(context, 'HEAD', ref, options), options);
}

/** What the answer to a HEAD says. */
export async function readDescriptor(
  context: RequestContext,
  ref: string,
  response: HttpResponse,
  options: CallOptions,
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  const target = refName(context, ref);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (response.status !== 200 && !HEAD_REFUSED.has(response.status)) {
    throw await errorFromResponse(context, readManifestOperation(target), 'HEAD', response);
  }
  await response.discard();
  const found =
    response.status === 200 ? descriptorFromHeaders(response.headers, ref, target) : undefined;
  return found ?? getOrUndefined(context, ref, options);
}

export async function putManifest(
  context: RequestContext,
  ref: string,
  raw: Uint8Array,
  mediaType: string,
  options: PutManifestOptions = {},
): Promise<{ readonly digest: Digest; readonly subjectHandled: boolean }> {
  const target = refName(context, ref);
  if (!isMediaType(mediaType)) {
    throw new AppError(
      'INVALID_MANIFEST',
      `cannot write manifest ${target}: "${sanitize(mediaType.slice(0, 100))}" is not a media type`,
    );
  }
  if (isDigest(ref)) verifyPinned(raw, ref, target);
  const retry = context.deps.retries(options.signal);
  const lag = { reason: `${target}: ${NOT_SEEN_YET}`, maxWaits: options.visibilityRetries ?? 0 };
  for (;;) {
    try {
      return await putOnce(context, ref, raw, mediaType, options);
    } catch (error) {
      if (lag.maxWaits === 0 || !isManifestBlobUnknown(error) || !(await retry.shouldRetry(lag)))
        throw error;
    }
  }
}

async function putOnce(
  context: RequestContext,
  ref: string,
  raw: Uint8Array,
  mediaType: string,
  options: PutManifestOptions,
): Promise<{ readonly digest: Digest; readonly subjectHandled: boolean }> {
  const target = refName(context, ref);
  const operation: Operation = { action: 'write manifest', target, kind: 'upload' };
  const url = await repositoryUrl(context, `manifests/${ref}`, options);
  const sending = request(context, 'PUT', url, {
    headers: {
      'content-type': mediaType,
      ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
    },
    body: { length: raw.byteLength, open: () => bytesOf(raw) },
    signal: options.signal,
  });
  const response = await sending.catch(async (error: unknown) => {
    if (error instanceof NetworkError && (await isStored(context, ref, raw, options))) {
      return undefined;
    }
    throw error;
  });
  if (response === undefined) return stored(ref, raw);
  if (response.status !== 201 && response.status !== 202) {
    const answer = await readErrorResponse('PUT', response);
    if (isRetryableStatus(answer.status) && (await isStored(context, ref, raw, options))) {
      return stored(ref, raw);
    }
    const code = answer.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    throw registryErrorFrom(context, operation, answer, { code });
  }
  await response.discard();
  const digest = isDigest(ref) ? ref : digestOf(raw, headerAlgorithm(response.headers));
  const answered = headerDigest(response.headers);
  // The digest of a signed schema 1 manifest leaves its signatures out.
  if (answered !== undefined && !isSchema1Type(mediaType)) {
    requireSameDigest(
      digest,
      answered,
      `${target}: the registry stored another manifest than was sent`,
    );
  }
  return { digest, subjectHandled: response.headers.get('oci-subject') !== undefined };
}

/** A failed PUT may have been carried out, and only its answer lost or spoilt on the way. */
async function isStored(
  context: RequestContext,
  ref: string,
  raw: Uint8Array,
  options: CallOptions,
): Promise<boolean> {
  options.signal?.throwIfAborted();
  try {
    const there = await headManifest(context, ref, options);
    if (there === undefined) return false;
    const { digest } = there.descriptor;
    return digestOf(raw, algorithmOf(digest)) === digest;
  } catch {
    // The failure that led here is the one to report.
    return false;
  }
}

/** Without the answer, nothing is known of the registry's own list of referrers. */
function stored(ref: string, raw: Uint8Array): { digest: Digest; subjectHandled: boolean } {
  return { digest: isDigest(ref) ? ref : digestOf(raw), subjectHandled: false };
}

/** @throws AppError INVALID_REFERENCE before anything is sent for what is no reference */
export async function askManifest(
  context: RequestContext,
  method: string,
  ref: string,
  options: Pick<RequestOptions, 'signal' | 'resolveMethod'>,
): Promise<HttpResponse> {
  refName(context, ref);
  const { signal, resolveMethod } = options;
  const url = await repositoryUrl(context, `manifests/${ref}`, options);
  const headers = { accept: MANIFEST_ACCEPT };
  return request(context, method, url, { headers, signal, resolveMethod });
}

function readManifestOperation(target: string): Operation {
  return { action: 'read manifest', target, kind: 'manifest' };
}

async function readBody(response: HttpResponse, target: string): Promise<Uint8Array> {
  try {
    return await collect(
      response.body,
      MAX_MANIFEST_BYTES,
      () =>
        new AppError(
          'RESPONSE_TOO_LARGE',
          `cannot read manifest ${target}: it is larger than ${MAX_MANIFEST_BYTES} bytes`,
        ),
    );
  } finally {
    await response.discard();
  }
}

async function getOrUndefined(
  context: RequestContext,
  ref: string,
  options: CallOptions,
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  try {
    const { descriptor, headers } = await getManifest(context, ref, options);
    return { descriptor, headers };
  } catch (error) {
    const missing =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (missing) return undefined;
    throw error;
  }
}

import { AppError, isMissingContent } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { NetworkError } from '../../http/dial/network-error.ts';
import { isRetried } from '../../http/retry/policy.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { isMediaType, isSchema1Type, MANIFEST_ACCEPT } from '../../oci/media-types.ts';
import type { CallOptions } from '../../store/types.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import { nameOf, repositoryUrl, send, type Connection, type SendOptions } from '../requests.ts';
import {
  checkByTag,
  checkEqual,
  checkPinned,
  headerAlgorithm,
  headerDigest,
} from './descriptor.ts';
import { describe, fromHeaders } from './descriptor.merge-manifest-descriptor.ts';
import { contentTypeOf, isHtml, readRefusal } from '../errors/body.ts';
import { notARegistryHint } from '../errors/hints.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { refusalError, responseError } from '../errors/error.ts';
import type { ManifestResponse, PutManifestOptions } from '../types.ts';

const NOT_SEEN_YET = 'the registry does not see yet what was sent to it (MANIFEST_BLOB_UNKNOWN)';

/** Statuses of a HEAD that say nothing about the manifest: ask again with GET. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 405, 406, 415, 501]);

export async function getManifest(
  connection: Connection,
  ref: string,
  options: CallOptions = {},
): Promise<ManifestResponse> {
  return readManifest(connection, ref, await askManifest(connection, 'GET', ref, options), options);
}

/** A manifest from the answer to a GET. */
export async function readManifest(
  connection: Connection,
  ref: string,
  answer: HttpResponse,
  options: CallOptions,
): Promise<ManifestResponse> {
  const target = nameOf(connection, ref);
  const { response, raw } = await readTwice(connection, ref, answer, options);
  const contentType = contentTypeOf(response.headers);
  if (isHtml(response.headers, new TextDecoder().decode(raw.subarray(0, 64)))) {
    throw new AppError(
      'NOT_A_REGISTRY',
      `cannot read manifest ${target}: the answer is an HTML page`,
      { hint: notARegistryHint(connection.registry) },
    );
  }
  const digest = isDigest(ref)
    ? checkPinned(raw, ref, target)
    : checkByTag(connection, raw, response.headers, contentType, target);
  return { descriptor: describe(raw, contentType, digest, target), raw, headers: response.headers };
}

interface Read {
  readonly response: HttpResponse;
  readonly raw: Uint8Array;
}

/** What arrived damaged is asked for once more; a registry that says the same again is believed. */
async function readTwice(
  connection: Connection,
  ref: string,
  answer: HttpResponse,
  options: CallOptions,
): Promise<Read> {
  const first = await readOnce(connection, ref, answer);
  if (isAsNamed(first, ref)) return first;
  return readOnce(connection, ref, await askManifest(connection, 'GET', ref, options));
}

async function readOnce(
  connection: Connection,
  ref: string,
  response: HttpResponse,
): Promise<Read> {
  const target = nameOf(connection, ref);
  if (response.status !== 200) {
    throw await responseError(connection, reading(target), 'GET', response);
  }
  return { response, raw: await readBody(response, target) };
}

function isAsNamed({ response, raw }: Read, ref: string): boolean {
  const named = isDigest(ref) ? ref : headerDigest(response.headers);
  return (
    named === undefined ||
    isSchema1Type(contentTypeOf(response.headers) ?? '') ||
    digestOf(raw, algorithmOf(named)) === named
  );
}

export async function headManifest(
  connection: Connection,
  ref: string,
  options: CallOptions = {},
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  return readDescriptor(
    connection,
    ref,
    await askManifest(connection, 'HEAD', ref, options),
    options,
  );
}

/** What the answer to a HEAD says. */
export async function readDescriptor(
  connection: Connection,
  ref: string,
  response: HttpResponse,
  options: CallOptions,
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  const target = nameOf(connection, ref);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (response.status !== 200 && !HEAD_REFUSED.has(response.status)) {
    throw await responseError(connection, reading(target), 'HEAD', response);
  }
  await response.discard();
  const found = response.status === 200 ? fromHeaders(response.headers, ref, target) : undefined;
  return found ?? getOrUndefined(connection, ref, options);
}

export async function putManifest(
  connection: Connection,
  ref: string,
  raw: Uint8Array,
  mediaType: string,
  options: PutManifestOptions = {},
): Promise<{ readonly digest: Digest; readonly subjectHandled: boolean }> {
  const target = nameOf(connection, ref);
  if (!isMediaType(mediaType)) {
    throw new AppError(
      'INVALID_MANIFEST',
      `cannot write manifest ${target}: "${sanitize(mediaType.slice(0, 100))}" is not a media type`,
    );
  }
  if (isDigest(ref)) checkPinned(raw, ref, target);
  const tries = connection.deps.retries(options.signal);
  const lag = { reason: `${target}: ${NOT_SEEN_YET}`, times: options.lagWaits ?? 0 };
  for (;;) {
    try {
      return await putOnce(connection, ref, raw, mediaType, options);
    } catch (error) {
      if (lag.times === 0 || !isMissingContent(error) || !(await tries.again(lag))) throw error;
    }
  }
}

async function putOnce(
  connection: Connection,
  ref: string,
  raw: Uint8Array,
  mediaType: string,
  options: PutManifestOptions,
): Promise<{ readonly digest: Digest; readonly subjectHandled: boolean }> {
  const target = nameOf(connection, ref);
  const attempt: Attempt = { action: 'write manifest', target, kind: 'upload' };
  const url = await repositoryUrl(connection, `manifests/${ref}`, options);
  const sending = send(connection, 'PUT', url, {
    headers: {
      'content-type': mediaType,
      ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
    },
    body: { length: raw.byteLength, open: () => bytesOf(raw) },
    signal: options.signal,
  });
  const response = await sending.catch(async (error: unknown) => {
    if (error instanceof NetworkError && (await isStored(connection, ref, raw, options))) {
      return undefined;
    }
    throw error;
  });
  if (response === undefined) return stored(ref, raw);
  if (response.status !== 201 && response.status !== 202) {
    const refusal = await readRefusal('PUT', response);
    if (isRetried(refusal.status) && (await isStored(connection, ref, raw, options))) {
      return stored(ref, raw);
    }
    const code = refusal.status < 300 ? 'NOT_A_REGISTRY' : undefined;
    throw refusalError(connection, attempt, refusal, { code });
  }
  await response.discard();
  const digest = isDigest(ref) ? ref : digestOf(raw, headerAlgorithm(response.headers));
  const answered = headerDigest(response.headers);
  // The digest of a signed schema 1 manifest leaves its signatures out.
  if (answered !== undefined && !isSchema1Type(mediaType)) {
    checkEqual(digest, answered, `${target}: the registry stored another manifest than was sent`);
  }
  return { digest, subjectHandled: response.headers.get('oci-subject') !== undefined };
}

/** A failed PUT may have been carried out, and only its answer lost or spoilt on the way. */
async function isStored(
  connection: Connection,
  ref: string,
  raw: Uint8Array,
  options: CallOptions,
): Promise<boolean> {
  options.signal?.throwIfAborted();
  try {
    const there = await headManifest(connection, ref, options);
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
  connection: Connection,
  method: string,
  ref: string,
  options: Pick<SendOptions, 'signal' | 'decide'>,
): Promise<HttpResponse> {
  nameOf(connection, ref);
  const { signal, decide } = options;
  const url = await repositoryUrl(connection, `manifests/${ref}`, options);
  const headers = { accept: MANIFEST_ACCEPT };
  return send(connection, method, url, { headers, signal, decide });
}

function reading(target: string): Attempt {
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
  connection: Connection,
  ref: string,
  options: CallOptions,
): Promise<Omit<ManifestResponse, 'raw'> | undefined> {
  try {
    const { descriptor, headers } = await getManifest(connection, ref, options);
    return { descriptor, headers };
  } catch (error) {
    const missing =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (missing) return undefined;
    throw error;
  }
}

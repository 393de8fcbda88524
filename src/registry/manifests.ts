import { AppError, isMissingContent, wrapError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { NetworkError } from '../http/network-error.ts';
import { isRetried } from '../http/tries.ts';
import type { HttpResponse, ResponseHeaders } from '../http/types.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { describeManifest, MAX_MANIFEST_BYTES, parseManifest } from '../oci/manifest.ts';
import { isManifestType, isMediaType, isSchema1Type, MANIFEST_ACCEPT } from '../oci/media-types.ts';
import type { CallOptions } from '../store/types.ts';
import { bytesOf, collect } from '../util/bytes.ts';
import { nameOf, repositoryUrl, send, type Connection } from './connection.ts';
import {
  checkByTag,
  checkEqual,
  checkPinned,
  headerAlgorithm,
  headerDigest,
} from './manifest-digest.ts';
import { contentTypeOf, isHtml, readRefusal } from './error-body.ts';
import { notARegistryHint } from './error-hints.ts';
import type { Attempt } from './attempt.ts';
import { refusalError, responseError } from './errors.ts';
import type { ManifestResponse, PutManifestOptions } from './types.ts';

const NOT_SEEN_YET = 'the registry does not see yet what was sent to it (MANIFEST_BLOB_UNKNOWN)';

/** Statuses of a HEAD that say nothing about the manifest: ask again with GET. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 405, 406, 415, 501]);

export async function getManifest(
  connection: Connection,
  ref: string,
  options: CallOptions = {},
): Promise<ManifestResponse> {
  const target = nameOf(connection, ref);
  const read = await readTwice(connection, ref, options);
  const { response, raw } = read;
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
async function readTwice(connection: Connection, ref: string, options: CallOptions): Promise<Read> {
  const first = await readOnce(connection, ref, options);
  return isAsNamed(first, ref) ? first : readOnce(connection, ref, options);
}

async function readOnce(connection: Connection, ref: string, options: CallOptions): Promise<Read> {
  const target = nameOf(connection, ref);
  const response = await ask(connection, 'GET', ref, options);
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
  const target = nameOf(connection, ref);
  const response = await ask(connection, 'HEAD', ref, options);
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

async function ask(
  connection: Connection,
  method: string,
  ref: string,
  options: CallOptions,
): Promise<HttpResponse> {
  const url = await repositoryUrl(connection, `manifests/${ref}`, options);
  const headers = { accept: MANIFEST_ACCEPT };
  return send(connection, method, url, { headers, signal: options.signal });
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

function describe(
  raw: Uint8Array,
  contentType: string | undefined,
  digest: Digest,
  target: string,
): ManifestResponse['descriptor'] {
  try {
    return describeAs(raw, contentType, digest);
  } catch (error) {
    throw wrapError(error, 'INVALID_MANIFEST', `${target}: ${messageOf(error)}`);
  }
}

function describeAs(
  raw: Uint8Array,
  contentType: string | undefined,
  digest: Digest,
): ManifestResponse['descriptor'] {
  const manifest = parseManifest(raw, contentType);
  return { ...describeManifest(manifest, algorithmOf(digest)), digest };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A descriptor from a HEAD, when it says all that a descriptor needs. */
function fromHeaders(
  headers: ResponseHeaders,
  ref: string,
  target: string,
): Omit<ManifestResponse, 'raw'> | undefined {
  const mediaType = contentTypeOf(headers);
  const claimed = headerDigest(headers);
  const length = headers.get('content-length');
  if (isDigest(ref) && claimed !== undefined) {
    checkEqual(ref, claimed, `${target}: the registry names another digest`);
  }
  const digest = isDigest(ref) ? ref : claimed;
  if (digest === undefined || mediaType === undefined || !isManifestType(mediaType)) {
    return undefined;
  }
  if (length === undefined || !/^[1-9]\d{0,14}$/.test(length)) return undefined;
  return { descriptor: { mediaType, digest, size: Number(length) }, headers };
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

import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { algorithmOf, digestOf, isDigest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { isSchema1Type, MANIFEST_ACCEPT } from '../../oci/media-types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
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
  headerDigest,
  verifyPinned,
  describeManifestBytes,
  descriptorFromHeaders,
} from './descriptor.ts';
import { contentTypeOf, isHtml } from '../errors/body.ts';
import { notARegistryHint } from '../errors/hints.ts';
import { errorFromResponse } from '../errors/error.ts';
import { isHeadRefused } from '../success.ts';
import type { FoundManifest, HeadManifestOptions, ManifestResponse } from '../types.ts';

export async function getManifest(
  context: RequestContext,
  ref: string,
  options: CallOptions = {},
): Promise<ManifestResponse> {
  return readManifest(context, ref, await askManifest(context, 'GET', ref, options), options);
}

/** Reads a manifest from the answer to a GET. */
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

/** Requests a damaged manifest once more; the second answer is used as it is. */
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
  options: HeadManifestOptions = {},
): Promise<FoundManifest | undefined> {
  return readDescriptor(context, ref, await askManifest(context, 'HEAD', ref, options), options);
}

/** Reads the answer to a HEAD or, if that is not enough, sends a GET. */
export async function readDescriptor(
  context: RequestContext,
  ref: string,
  response: HttpResponse,
  options: HeadManifestOptions,
): Promise<FoundManifest | undefined> {
  const target = refName(context, ref);
  if (response.status === 404) {
    await response.discard();
    // Nexus answers a HEAD with 404 for what it returns to a GET.
    return options.confirmAbsence === true ? getManifest(context, ref, options) : undefined;
  }
  if (response.status !== 200 && !isHeadRefused(response)) {
    throw await errorFromResponse(context, readManifestOperation(target), 'HEAD', response);
  }
  await response.discard();
  const found =
    response.status === 200 ? descriptorFromHeaders(response.headers, ref, target) : undefined;
  if (found !== undefined) return found;
  return options.confirmAbsence === true
    ? getManifest(context, ref, options)
    : getOrUndefined(context, ref, options);
}

/** @throws AppError INVALID_REFERENCE for an invalid reference, before anything is sent */
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
): Promise<FoundManifest | undefined> {
  try {
    return await getManifest(context, ref, options);
  } catch (error) {
    const missing =
      error instanceof AppError &&
      (error.code === 'MANIFEST_UNKNOWN' || error.code === 'REPOSITORY_UNKNOWN');
    if (missing) return undefined;
    throw error;
  }
}

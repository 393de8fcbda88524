import { fillTemplate } from '../../config/registries/lookup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import {
  refName,
  repositoryUrl,
  request,
  type RequestContext,
  type Operation,
} from '../requests.ts';
import { type ErrorResponse, hasErrorCode, readErrorResponse } from '../errors/body.ts';
import { type ErrorOverride, registryErrorFrom } from '../errors/error.ts';
import { isWritten } from '../success.ts';
import { knownRegistryOf } from '../errors/hints.ts';

const SWITCHED_OFF =
  'Deleting is switched off: a registry:2 or registry:3 server needs REGISTRY_STORAGE_DELETE_ENABLED=true.';
const NO_UNTAG =
  'Without --untag the manifest is deleted by its digest, with every tag that points at it.';

/** Deletes the manifest and, on most registries, every tag that points to it. */
export async function deleteManifest(
  context: RequestContext,
  digest: Digest,
  options: CallOptions = {},
): Promise<void> {
  const answer = await sendDelete(context, digest, options);
  if (answer === undefined) return;
  const operation = deleteOperation(context, digest, 'delete manifest');
  throw registryErrorFrom(context, operation, answer, manifestErrorOverride(context, answer));
}

/** Removes only the tag. @throws RegistryError UNTAG_UNSUPPORTED if the registry cannot */
export async function deleteTag(
  context: RequestContext,
  tag: string,
  options: CallOptions = {},
): Promise<void> {
  const answer = await sendDelete(context, tag, options);
  if (answer === undefined) return;
  const operation = deleteOperation(context, tag, 'remove tag');
  throw registryErrorFrom(context, operation, answer, tagErrorOverride(context, answer));
}

function deleteOperation(context: RequestContext, ref: string, action: string): Operation {
  return { action, target: refName(context, ref), kind: 'manifest' };
}

async function sendDelete(
  context: RequestContext,
  ref: string,
  options: CallOptions,
): Promise<ErrorResponse | undefined> {
  // Checks `ref` before it becomes part of a path.
  refName(context, ref);
  const url = await repositoryUrl(context, `manifests/${ref}`, options);
  const response = await request(context, 'DELETE', url, { signal: options.signal });
  if (!isWritten(response)) {
    const answer = await readErrorResponse('DELETE', response);
    // An earlier try succeeded, and only its answer was lost.
    const done = answer.status === 404 && answer.attempts !== undefined;
    return done && !isUnsupported(answer) ? undefined : answer;
  }
  await response.discard();
  return undefined;
}

function manifestErrorOverride(context: RequestContext, answer: ErrorResponse): ErrorOverride {
  const advice = adviceOn(context, answer, 'deleteAdvice');
  if (isUnsupported(answer)) return { code: 'UNSUPPORTED', hint: advice ?? SWITCHED_OFF };
  if (hasErrorCode(answer, 'GOOGLE_MANIFEST_DANGLING_TAG')) return { hint: advice };
  const stillUsed = answer.status === 403 && context.registry === 'docker.io';
  return stillUsed
    ? { hint: 'Docker Hub refuses while a tag or an index still points at the manifest.' }
    : {};
}

function tagErrorOverride(context: RequestContext, answer: ErrorResponse): ErrorOverride {
  const unsupported =
    isUnsupported(answer) ||
    answer.status === 400 ||
    (answer.status === 404 && hasErrorCode(answer, 'DIGEST_INVALID'));
  if (!unsupported) return {};
  const advice = adviceOn(context, answer, 'untagAdvice');
  return { code: 'UNTAG_UNSUPPORTED', hint: advice ?? NO_UNTAG };
}

function adviceOn(
  context: RequestContext,
  answer: ErrorResponse,
  what: 'deleteAdvice' | 'untagAdvice',
): string | undefined {
  const text = knownRegistryOf(context, answer)?.[what];
  return text && fillTemplate(text, context);
}

/** A 404 without one of the registry's own codes means that there is no such route. */
function isUnsupported(answer: ErrorResponse): boolean {
  const noRoute = answer.status === 404 && answer.entries.every((entry) => entry.code === '');
  return (
    answer.status === 405 ||
    answer.status === 501 ||
    hasErrorCode(answer, 'UNSUPPORTED') ||
    (noRoute && answer.entries.length > 0)
  );
}

import { fillIn } from '../../config/registries/lookup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../store/types.ts';
import { nameOf, repositoryUrl, send, type Connection } from '../requests.ts';
import { hasCode, readRefusal, type Refusal } from '../errors/body.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { refusalError, type Verdict } from '../errors/error.ts';
import { knownBy } from '../errors/hints.merge-known.ts';

const SWITCHED_OFF =
  'Deleting is switched off: a registry:2 or registry:3 server needs REGISTRY_STORAGE_DELETE_ENABLED=true.';
const NO_UNTAG =
  'Without --untag the manifest is deleted by its digest, with every tag that points at it.';

/** Deletes the manifest and with it, on most registries, every tag that points at it. */
export async function deleteManifest(
  connection: Connection,
  digest: Digest,
  options: CallOptions = {},
): Promise<void> {
  const refusal = await remove(connection, digest, options);
  if (refusal === undefined) return;
  const attempt = deleting(connection, digest, 'delete manifest');
  throw refusalError(connection, attempt, refusal, manifestVerdict(connection, refusal));
}

/** Removes the tag alone. @throws RegistryError UNTAG_UNSUPPORTED where the registry cannot */
export async function deleteTag(
  connection: Connection,
  tag: string,
  options: CallOptions = {},
): Promise<void> {
  const refusal = await remove(connection, tag, options);
  if (refusal === undefined) return;
  const attempt = deleting(connection, tag, 'remove tag');
  throw refusalError(connection, attempt, refusal, tagVerdict(connection, refusal));
}

function deleting(connection: Connection, ref: string, action: string): Attempt {
  return { action, target: nameOf(connection, ref), kind: 'manifest' };
}

async function remove(
  connection: Connection,
  ref: string,
  options: CallOptions,
): Promise<Refusal | undefined> {
  // Checks `ref` before it becomes part of a path.
  nameOf(connection, ref);
  const url = await repositoryUrl(connection, `manifests/${ref}`, options);
  const response = await send(connection, 'DELETE', url, { signal: options.signal });
  if (response.status !== 202 && response.status !== 200 && response.status !== 204) {
    const refusal = await readRefusal('DELETE', response);
    // An earlier try did it, and only its answer was lost.
    const done = refusal.status === 404 && refusal.tries !== undefined;
    return done && !isUnsupported(refusal) ? undefined : refusal;
  }
  await response.discard();
  return undefined;
}

function manifestVerdict(connection: Connection, refusal: Refusal): Verdict {
  const advice = adviceOn(connection, refusal, 'remove');
  if (isUnsupported(refusal)) return { code: 'UNSUPPORTED', hint: advice ?? SWITCHED_OFF };
  if (hasCode(refusal, 'GOOGLE_MANIFEST_DANGLING_TAG')) return { hint: advice };
  const stillUsed = refusal.status === 403 && connection.registry === 'docker.io';
  return stillUsed
    ? { hint: 'Docker Hub refuses while a tag or an index still points at the manifest.' }
    : {};
}

function tagVerdict(connection: Connection, refusal: Refusal): Verdict {
  const unsupported =
    isUnsupported(refusal) ||
    refusal.status === 400 ||
    (refusal.status === 404 && hasCode(refusal, 'DIGEST_INVALID'));
  if (!unsupported) return {};
  const advice = adviceOn(connection, refusal, 'untag');
  return { code: 'UNTAG_UNSUPPORTED', hint: advice ?? NO_UNTAG };
}

function adviceOn(
  connection: Connection,
  refusal: Refusal,
  what: 'remove' | 'untag',
): string | undefined {
  const text = knownBy(connection, refusal)?.[what];
  return text && fillIn(text, connection);
}

/** A 404 without one of the registry's own codes means that there is no such route. */
function isUnsupported(refusal: Refusal): boolean {
  const noRoute = refusal.status === 404 && refusal.entries.every((entry) => entry.code === '');
  return (
    refusal.status === 405 ||
    refusal.status === 501 ||
    hasCode(refusal, 'UNSUPPORTED') ||
    (noRoute && refusal.entries.length > 0)
  );
}

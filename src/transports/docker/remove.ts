import { AppError, wrapError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { Repository } from '../../registry/types.ts';
import type { RemoveOptions } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { ReferrersTag } from './referrers-tag.ts';

export interface RemoveManifestOptions extends RemoveOptions {
  /** Media type of the manifest, if this run has seen it. */
  readonly mediaType?: string | undefined;
}

/**
 * Deletes a manifest and its entry in the fallback tag of its subject.
 * @throws AppError as Repository.deleteManifest does; REGISTRY_ERROR if only that tag failed
 */
export async function removeManifest(
  repository: Repository,
  referrersTag: ReferrersTag,
  digest: Digest,
  options: RemoveManifestOptions,
): Promise<void> {
  // The subject must be read before the manifest is deleted.
  const subject =
    options.subject === undefined
      ? await subjectOf(repository, digest, options)
      : (options.subject ?? undefined);
  await repository.deleteManifest(digest, options);
  if (subject === undefined) return;
  try {
    await referrersTag.remove(digest, subject, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const name = `${repository.registry}/${repository.name}@${digest}`;
    const done = `${name} is deleted, but the tag that lists it could not be changed`;
    throw wrapError(error, 'REGISTRY_ERROR', done);
  }
}

/**
 * Reads the subject; Docker's types have none. Read errors are ignored here: the deletion reports
 * them.
 */
async function subjectOf(
  repository: Repository,
  digest: Digest,
  { mediaType, signal }: CallOptions & Pick<RemoveManifestOptions, 'mediaType'>,
): Promise<Digest | undefined> {
  if (mediaType?.startsWith('application/vnd.docker.') === true) return undefined;
  try {
    const { raw, descriptor } = await repository.getManifest(digest, { signal });
    return parseManifest(raw, descriptor.mediaType).subject?.digest;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

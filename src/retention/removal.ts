import { AppError, RegistryError } from '../errors/app-error.ts';
import type { Digest } from '../oci/digest.ts';
import type { ReadStore, RemoveOptions, Remover } from '../store/types.ts';
import { resolveOrGone, tagListerOf, type TagLookupOptions } from '../tags/find.ts';
import { mapParallel } from '../util/parallel.ts';
import { readRepository } from './read/repository.ts';
import type { RepositoryFacts } from './types.ts';

/** @throws AppError UNSUPPORTED */
export function removerOf(store: ReadStore): Remover {
  const { remove } = store.capabilities;
  if (remove !== undefined) return remove;
  throw new AppError('UNSUPPORTED', `nothing can be deleted from ${store.label}`);
}

/** Reads the facts again for tags that were moved or added since. */
export async function refreshed(
  store: ReadStore,
  facts: RepositoryFacts,
  { concurrency, signal }: TagLookupOptions,
): Promise<RepositoryFacts> {
  const names: string[] = [];
  for await (const page of tagListerOf(store).tags({ signal })) names.push(...page);
  const changed = await mapParallel(
    names,
    concurrency,
    async (tag, call) => {
      const known = facts.tags.get(tag);
      return known === undefined || (await resolveOrGone(store, tag, call))?.digest !== known;
    },
    { signal },
  );
  if (!changed.includes(true)) return facts;
  const now = await readRepository(store, { concurrency, dates: false, signal });
  // Manifests below a moved tag still exist, and may need shared children.
  return { ...now, manifests: new Map([...facts.manifests, ...now.manifests]) };
}

/** Deletes a manifest; where a registry wants that, its tags first. Absence is success. */
export async function removeWithTags(
  remover: Remover,
  digest: Digest,
  tags: readonly string[],
  options: RemoveOptions,
): Promise<void> {
  try {
    await remover.removeManifest(digest, options);
  } catch (error) {
    if (isGone(error)) return;
    if (!wantsTagsFirst(error)) throw error;
    for (const tag of tags) await remover.untag(tag, options);
    await remover.removeManifest(digest, options);
  }
}

export function isGone(error: unknown): boolean {
  return error instanceof AppError && error.code === 'MANIFEST_UNKNOWN';
}

/** Google's registries delete a manifest only if it has no tag. */
function wantsTagsFirst(error: unknown): boolean {
  return (
    error instanceof RegistryError &&
    error.errors.some(({ code }) => code === 'GOOGLE_MANIFEST_DANGLING_TAG')
  );
}

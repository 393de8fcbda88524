import type { Digest } from '../oci/digest.ts';
import { childrenOf, parseManifest } from '../oci/manifest.ts';
import { isForeignLayerType, isManifestType } from '../oci/media-types.ts';
import type { RepositoryName } from './names.ts';
import { ifIntact } from './storage/damage.ts';
import type { Storage } from './storage/types.ts';

export interface Problem {
  readonly kind: 'damaged blob' | 'damaged manifest' | 'missing blob' | 'missing manifest';
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** The tag, or the digest of the manifest, that names the missing object. */
  readonly namedBy?: string | undefined;
}

export interface CheckReport {
  readonly repositories: number;
  /** Distinct blobs: one in several repositories counts once. */
  readonly blobs: number;
  readonly manifests: number;
  readonly problems: readonly Problem[];
}

/** Reads all blobs and manifests of a storage, and checks that what they and tags name exists. */
export async function checkStorage(storage: Storage, signal?: AbortSignal): Promise<CheckReport> {
  const verdicts = new Map<Digest, boolean>();
  const problems: Problem[] = [];
  const names = await storage.repositories();
  let manifests = 0;
  for (const repository of names) {
    for (const digest of await storage.blobs.list(repository)) {
      signal?.throwIfAborted();
      const isIntact =
        verdicts.get(digest) ?? (await storage.blobs.verify(repository, digest)) === 'intact';
      verdicts.set(digest, isIntact);
      if (!isIntact) problems.push({ kind: 'damaged blob', repository, digest });
    }
    for (const { digest } of await storage.manifests.list(repository)) {
      signal?.throwIfAborted();
      manifests += 1;
      problems.push(...(await manifestProblems(storage, repository, digest)));
    }
    problems.push(...(await tagProblems(storage, repository)));
  }
  return { repositories: names.length, blobs: verdicts.size, manifests, problems };
}

async function manifestProblems(
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Problem[]> {
  const stored = await ifIntact(storage.manifests.get(repository, digest));
  if (stored === undefined) {
    // A delete may have removed it since it was listed.
    const isThere = await storage.manifests.has(repository, digest);
    return isThere ? [{ kind: 'damaged manifest', repository, digest }] : [];
  }
  const problems: Problem[] = [];
  for (const child of childrenOf(parseManifest(stored.raw, stored.mediaType))) {
    if (isForeignLayerType(child.mediaType)) continue;
    const isManifest = isManifestType(child.mediaType);
    const isThere = isManifest
      ? await storage.manifests.has(repository, child.digest)
      : (await storage.blobs.verify(repository, child.digest)) !== 'absent';
    if (isThere) continue;
    const kind = isManifest ? 'missing manifest' : 'missing blob';
    problems.push({ kind, repository, digest: child.digest, namedBy: digest });
  }
  return problems;
}

async function tagProblems(
  storage: Storage,
  repository: RepositoryName,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const tag of await storage.manifests.tags(repository)) {
    const digest = await storage.manifests.resolve(repository, tag);
    if (digest === undefined || (await storage.manifests.has(repository, digest))) continue;
    problems.push({ kind: 'missing manifest', repository, digest, namedBy: tag });
  }
  return problems;
}

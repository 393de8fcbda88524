import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { referrersTag } from '../../registry/lists/referrers.ts';
import { isAttestation, REFERENCE_DIGEST } from '../../store/index-entries.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { createSharedLookup } from '../../util/shared-lookup.ts';
import type { Referrer } from './types.ts';

/** More than any image has; a limit for a registry that never ends its list. */
export const MAX_REFERRERS = 10_000;

/** Suffixes of cosign's tags for a digest: `sha256-HEX.sig`. */
export const COSIGN_SUFFIXES = ['sig', 'att', 'sbom'] as const;

/** Pages of tags that are read; a repository with more is asked for each tag by its name. */
const MAX_TAG_PAGES = 3;

/** Refusals of a list of tags; the tags themselves may still be readable. */
const NO_LIST: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'UNSUPPORTED',
  'REPOSITORY_UNKNOWN',
]);

/** Finds the referrers of manifests in one repository, whose tags are listed at most once. */
export interface ReferrerFinder {
  /**
   * What refers to `subject` by the referrers API or its fallback tag, and by tags named after its
   * digest: one list of tags for all subjects, and one or two requests for each subject. Each digest comes
   * once. Throws what the store throws when it cannot look, so an empty list means that there are
   * none.
   * @throws AppError RESPONSE_TOO_LARGE above 10 000 referrers in total
   */
  of(subject: Digest, options?: CallOptions): Promise<readonly Referrer[]>;
}

export interface FinderOptions {
  /** All tags of the repository, if the caller has just listed them. */
  readonly tags?: ReadonlySet<string> | undefined;
}

export function createReferrerFinder(
  store: ReadStore,
  { tags: given }: FinderOptions = {},
): ReferrerFinder {
  const lists = createSharedLookup<ReadonlySet<string> | undefined>();
  let total = 0;
  return {
    async of(subject, options) {
      const tags = given ?? (await lists.get('', (signal) => listTags(store, signal), options));
      const [listed, tagged] = await Promise.all([
        listReferrers(store, subject, { ...options, tags }),
        digestTagged(store, subject, tags, options),
      ]);
      const found = new Map<Digest, Referrer>();
      for (const one of [...listed, ...tagged]) {
        if (!found.has(one.descriptor.digest)) found.set(one.descriptor.digest, one);
      }
      total += found.size;
      if (total > MAX_REFERRERS) throw tooMany(store);
      return [...found.values()];
    },
  };
}

/**
 * The attestation manifests that BuildKit lists in an index next to the images that they are about
 * (BuildKit, docs/attestations/attestation-storage.md).
 */
export function buildkitReferrers({ manifests }: IndexManifest): readonly Referrer[] {
  const listed = new Map<string, Digest>(manifests.map(({ digest }) => [digest, digest]));
  return manifests.flatMap((descriptor) => {
    const about = descriptor.annotations?.[REFERENCE_DIGEST] ?? '';
    const subject = listed.get(about);
    if (!isAttestation(descriptor) || subject === undefined) return [];
    return [{ descriptor, subject, source: 'buildkit' as const }];
  });
}

async function listReferrers(
  store: ReadStore,
  subject: Digest,
  options: CallOptions & { readonly tags: ReadonlySet<string> | undefined },
): Promise<readonly Referrer[]> {
  const { referrers } = store.capabilities;
  const found: Referrer[] = [];
  if (referrers === undefined) return found;
  for await (const descriptor of referrers.referrers(subject, options)) {
    if (!isManifestType(descriptor.mediaType)) continue;
    found.push({ descriptor, subject, source: 'referrers' });
    if (found.length > MAX_REFERRERS) throw tooMany(store);
  }
  return found;
}

async function digestTagged(
  store: ReadStore,
  subject: Digest,
  tags: ReadonlySet<string> | undefined,
  options: CallOptions | undefined,
): Promise<readonly Referrer[]> {
  if (store.capabilities.tags === undefined) return [];
  const prefix = `${referrersTag(subject)}.`;
  const there =
    tags === undefined
      ? COSIGN_SUFFIXES.map((suffix) => prefix + suffix)
      : [...tags].filter((tag) => tag.startsWith(prefix));
  const found = await Promise.all(
    there.map(async (tag) => ({ tag, descriptor: await resolveTag(store, tag, options) })),
  );
  return found.flatMap(({ tag, descriptor }) =>
    // Some registries take the tag "sha256-HEX" for the digest.
    descriptor === undefined || descriptor.digest === subject
      ? []
      : [{ descriptor, subject, source: 'digest-tag' as const, tag }],
  );
}

/** Every caller reads the manifest, so it is asked for at once. */
async function resolveTag(
  store: ReadStore,
  tag: string,
  options: CallOptions | undefined,
): Promise<Descriptor | undefined> {
  try {
    return await store.resolve(tag, { ...options, purpose: 'content' });
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

/** `undefined` if there are too many to list or if they cannot be listed. */
async function listTags(
  store: ReadStore,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const { tags } = store.capabilities;
  if (tags === undefined) return new Set();
  const all = new Set<string>();
  let count = 0;
  try {
    for await (const page of tags.tags({ signal })) {
      count += 1;
      if (count > MAX_TAG_PAGES) return undefined;
      for (const tag of page) all.add(tag);
    }
  } catch (error) {
    if (error instanceof AppError && NO_LIST.has(error.code)) return undefined;
    throw error;
  }
  return all;
}

function tooMany({ label }: ReadStore): AppError {
  return new AppError(
    'RESPONSE_TOO_LARGE',
    `cannot list the referrers of one image in ${label}: there are more than ${MAX_REFERRERS}`,
    {
      hint: 'Look at one platform of an index with --platform, or ask for a referrer by its digest.',
    },
  );
}

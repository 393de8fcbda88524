import { algorithmOf } from '../oci/digest.ts';
import { describeManifest, parseManifest, type IndexManifest } from '../oci/manifest.ts';
import { choosePlatforms, type Platform } from '../oci/platform.ts';
import { indexEntries, REFERENCE_DIGEST, type IndexEntry } from '../store/index-entries.ts';
import { manifestDocument } from '../store/manifests.ts';
import {
  choiceNote,
  imagesOf,
  platformUnknownError,
  type ChosenManifest,
} from '../store/platforms.ts';
import type { CallOptions } from '../util/abort.ts';
import type { ReadStore } from '../store/types.ts';

/** An index of some platforms, and notes on its selection. */
export interface PlatformSubset {
  readonly root: ChosenManifest;
  readonly notes: readonly string[];
}

/**
 * Builds an index of only the wanted platforms, with their attestations; images of nested indexes
 * are listed directly. Members that regctl does not know are kept. Returns the index itself if
 * nothing has to be removed.
 * @throws AppError PLATFORM_UNKNOWN if a platform has no image
 */
export async function platformSubset(
  source: ReadStore,
  root: ChosenManifest,
  platforms: readonly Platform[],
  where: string,
  call: CallOptions,
): Promise<PlatformSubset> {
  const index = root.manifest as IndexManifest;
  const entries = await indexEntries(source, index, call);
  const images = imagesOf(entries);
  const found = platforms.map((wanted) => {
    const matching = choosePlatforms(images, wanted);
    if (matching.length > 0) return { wanted, matching };
    throw platformUnknownError(
      where,
      wanted,
      images.map(({ platform }) => platform),
    );
  });
  const kept = new Set<IndexEntry>(found.flatMap(({ matching }) => matching));
  const digests = new Set<string>([...kept].map(({ descriptor }) => descriptor.digest));
  const chosen = entries.filter(
    (one) => kept.has(one) || digests.has(one.descriptor.annotations?.[REFERENCE_DIGEST] ?? ''),
  );
  const same =
    chosen.length === index.manifests.length &&
    chosen.every(({ descriptor }, i) => descriptor.digest === index.manifests[i]?.digest);
  return {
    root: same ? root : rewrite(root, chosen),
    notes: found.flatMap(({ wanted, matching }) => choiceNote(wanted, matching.slice(0, 1)) ?? []),
  };
}

function rewrite(
  { descriptor, manifest }: ChosenManifest,
  chosen: readonly IndexEntry[],
): ChosenManifest {
  const body = { ...manifestDocument(manifest), manifests: chosen.map(({ raw }) => raw) };
  const bytes = new TextEncoder().encode(JSON.stringify(body, null, indentOf(manifest.raw)));
  const rewritten = parseManifest(bytes, manifest.mediaType);
  return {
    descriptor: describeManifest(rewritten, algorithmOf(descriptor.digest)),
    manifest: rewritten,
  };
}

/** Counts the spaces before the first member, so that the new index keeps the indentation. */
function indentOf(raw: Uint8Array): number {
  const head = new TextDecoder().decode(raw.subarray(0, 16));
  return /^\{\r?\n( {1,8})"/u.exec(head)?.[1]?.length ?? 0;
}

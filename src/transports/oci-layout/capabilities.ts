import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { describeReferrer, fetchManifest } from '../../store/manifests.ts';
import type { Capabilities, CallOptions, ReadStore, Remover } from '../../store/types.ts';
import type { LayoutFiles } from './files.ts';
import { tagsOf, type LayoutIndex } from './index-json.ts';

/** Tags, referrers and removal of a layout; removal changes index.json at once and leaves the blobs. */
export function layoutCapabilities(
  store: ReadStore,
  files: LayoutFiles,
  readIndex: () => Promise<LayoutIndex>,
): Capabilities {
  return {
    ...readCapabilities(store, readIndex),
    remove: remover(store, files),
  };
}

/** What a layout can do without being changed. */
export function readCapabilities(
  store: ReadStore,
  readIndex: () => Promise<LayoutIndex>,
): Required<Pick<Capabilities, 'tags' | 'referrers'>> {
  return {
    tags: {
      async *tags(options) {
        options?.signal?.throwIfAborted();
        const tags = tagsOf(await readIndex());
        if (tags.length > 0) yield tags;
      },
    },
    referrers: {
      async *referrers(digest, options) {
        for await (const referrer of referrersIn(store, await readIndex(), digest, options)) {
          const { artifactType } = referrer;
          if (options?.artifactType === undefined || options.artifactType === artifactType)
            yield referrer;
        }
      },
    },
  };
}

function remover(store: ReadStore, files: LayoutFiles): Remover {
  return {
    async removeManifest(digest, options) {
      const isIt = (entry: LayoutIndex['entries'][number]): boolean =>
        entry.descriptor.digest === digest;
      await removeEntries(files, isIt, `${store.label} lists no manifest ${digest}`, options);
    },
    async untag(tag, options) {
      const isIt = (entry: LayoutIndex['entries'][number]): boolean => entry.tag === tag;
      await removeEntries(files, isIt, `${store.label} has no tag "${tag}"`, options);
    },
  };
}

async function removeEntries(
  files: LayoutFiles,
  isIt: (entry: LayoutIndex['entries'][number]) => boolean,
  absent: string,
  options?: CallOptions,
): Promise<void> {
  await files.mustBeLayout();
  await files.update((index) => {
    const entries = index.entries.filter((entry) => !isIt(entry));
    if (entries.length === index.entries.length) throw new AppError('MANIFEST_UNKNOWN', absent);
    return { ...index, entries };
  }, options?.signal);
}

/** Listed manifests whose subject is `digest`, then those of the fallback tag "sha256-…" (distribution-spec v1.1.1). */
async function* referrersIn(
  store: ReadStore,
  index: LayoutIndex,
  digest: Digest,
  options?: CallOptions,
): AsyncIterable<Descriptor> {
  const seen = new Set<Digest>();
  const fallbackTag = `${algorithmOf(digest)}-${hexOf(digest)}`;
  for (const { descriptor, tag } of index.entries) {
    if (seen.has(descriptor.digest) || !isManifestType(descriptor.mediaType)) continue;
    seen.add(descriptor.digest);
    const manifest = await fetchManifest(store, descriptor, { signal: options?.signal });
    if (manifest.subject?.digest === digest) yield describeReferrer(manifest, descriptor);
    if (tag !== fallbackTag || manifest.kind !== 'index') continue;
    for (const referrer of manifest.manifests) {
      if (seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      yield referrer;
    }
  }
}

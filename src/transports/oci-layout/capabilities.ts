import { AppError } from '../../errors/app-error.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Capabilities, ReadStore, Remover } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { LayoutFiles } from './files.ts';
import { tagsOf, type LayoutIndex } from './index-json.ts';
import type { PendingIndex } from './pending-index.ts';
import { LayoutReferrers } from './referrers.ts';
import type { EntryFinder } from './resolve.ts';

/** The content of a layout. */
export interface LayoutContent {
  /** The index as committed. */
  readonly index: () => Promise<LayoutIndex>;
  readonly pending: PendingIndex;
  readonly finder: EntryFinder;
}

/**
 * Tags, referrers and removal for a layout; removal changes index.json at once and leaves the
 * blobs.
 */
export function layoutCapabilities(
  store: ReadStore,
  files: LayoutFiles,
  content: LayoutContent,
): Capabilities {
  return {
    ...readCapabilities(store, content),
    remove: remover(store, files),
  };
}

/** The capabilities that do not change a layout. */
export function readCapabilities(
  store: ReadStore,
  { index, pending, finder }: LayoutContent,
): Required<Pick<Capabilities, 'tags' | 'referrers' | 'inventory'>> {
  const referrers = new LayoutReferrers(store, pending, finder);
  return {
    tags: {
      async *tags(options) {
        options?.signal?.throwIfAborted();
        const tags = tagsOf(pending.overlay(await index()));
        if (tags.length > 0) yield tags;
      },
    },
    inventory: {
      async *manifests(options) {
        options?.signal?.throwIfAborted();
        for (const { descriptor } of (await index()).entries) {
          if (isManifestType(descriptor.mediaType)) yield { descriptor };
        }
      },
    },
    referrers: {
      async *referrers(digest, options) {
        for await (const referrer of referrers.of(await index(), digest, options)) {
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
  await files.requireLayout();
  await files.update((index) => {
    const entries = index.entries.filter((entry) => !isIt(entry));
    if (entries.length === index.entries.length) throw new AppError('MANIFEST_UNKNOWN', absent);
    return { ...index, entries };
  }, options?.signal);
}

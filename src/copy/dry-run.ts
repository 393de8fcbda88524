import type { Descriptor } from '../oci/descriptor.ts';
import { isManifestType } from '../oci/media-types.ts';
import type { PushOptions, PushOutcome, ReadStore, Source, WriteStore } from '../store/types.ts';

/** A destination that reads and never writes: a copy to it reports what a real copy does. */
export interface DryRunStore extends WriteStore {
  /** Tags that a real copy sets, with their digests, in the order of writing. */
  readonly tags: readonly { readonly tag: string; readonly descriptor: Descriptor }[];
}

/** In a dry run, each transfer is a lookup; a registry answers this many at a time. */
const PARALLEL = 6;

/**
 * Assumes that mounts succeed. Disposing it also disposes of `destination`.
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyImage, createDryRunStore } from '@regctl/cli/copy';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = createDryRunStore(
 *   await client.openRead('registry.example.com/base/alpine'),
 * );
 * const tags = { sourceRef: '3.20', destinationTag: '3.20' };
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * const { bytes } = await copyImage({ ...run, ...tags });
 * console.log(`${bytes.sent} bytes would be sent`);
 */
export function createDryRunStore(destination: ReadStore): DryRunStore {
  const planned = new Set<string>();
  const tags: { tag: string; descriptor: Descriptor }[] = [];

  const push = async (
    { descriptor }: Source,
    { tag, mountFrom = [], signal }: PushOptions = {},
  ): Promise<PushOutcome> => {
    if (tag !== undefined) tags.push({ tag, descriptor });
    const there = planned.has(descriptor.digest) || (await destination.has(descriptor, { signal }));
    if (there) return 'present';
    planned.add(descriptor.digest);
    return mountFrom.length > 0 && !isManifestType(descriptor.mediaType) ? 'mounted' : 'written';
  };

  return {
    label: destination.label,
    capabilities: destination.capabilities,
    traits: { maxParallelPushes: PARALLEL },
    tags,
    push,
    resolve: (ref, options) => destination.resolve(ref, options),
    has: async (descriptor, options) =>
      planned.has(descriptor.digest) || destination.has(descriptor, options),
    fetch: (descriptor, options) => destination.fetch(descriptor, options),
    async tag(descriptor, tag) {
      tags.push({ tag, descriptor });
    },
    async commit() {},
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  };
}

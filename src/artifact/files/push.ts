import type { Descriptor } from '../../oci/descriptor.ts';
import { VISIBILITY_RETRIES } from '../../store/manifests.ts';
import type { PushOutcome, Source, WriteStore } from '../../store/types.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { EMPTY, emptyDescriptor, type PackedArtifact } from './manifest.ts';

/** Progress of one layer. */
export type PushEvent =
  | { readonly type: 'found' | 'start'; readonly descriptor: Descriptor }
  | { readonly type: 'bytes'; readonly descriptor: Descriptor; readonly done: number }
  | { readonly type: 'end'; readonly descriptor: Descriptor; readonly outcome: PushOutcome };

export interface PushArtifactOptions extends CallOptions {
  /** Concurrent uploads. */
  readonly concurrency: number;
  /** Tags of the manifest; without any it is pushed by its digest. */
  readonly tags: readonly string[];
  readonly onEvent?: ((event: PushEvent) => void) | undefined;
}

/** Writes the layers in parallel, each content once, then the manifest, then its tags. */
export async function pushArtifact(
  store: WriteStore,
  { descriptor, raw, needsEmpty }: PackedArtifact,
  sources: readonly Source[],
  { concurrency, tags, onEvent, signal }: PushArtifactOptions,
): Promise<void> {
  const empty = needsEmpty ? [sourceFromBytes(emptyDescriptor(), EMPTY)] : [];
  const byDigest = new Map([...empty, ...sources].map((one) => [one.descriptor.digest, one]));
  const limit = Math.min(concurrency, store.traits.maxParallelPushes);
  for (const one of byDigest.values()) onEvent?.({ type: 'found', descriptor: one.descriptor });
  await mapParallel(
    [...byDigest.values()],
    limit,
    async (source, call) => {
      onEvent?.({ type: 'start', descriptor: source.descriptor });
      const onBytes = (done: number): void =>
        onEvent?.({ type: 'bytes', descriptor: source.descriptor, done });
      const outcome = await store.push(source, { ...call, onBytes });
      onEvent?.({ type: 'end', descriptor: source.descriptor, outcome });
    },
    { signal },
  );
  const [first, ...others] = tags;
  await store.push(sourceFromBytes(descriptor, raw), {
    signal,
    tag: first,
    visibilityRetries: VISIBILITY_RETRIES,
  });
  for (const tag of others) await store.tag(descriptor, tag, { signal });
  await store.commit({ signal });
}

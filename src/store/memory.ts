import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { parseManifest, type Manifest } from '../oci/manifest.ts';
import { isManifestType } from '../oci/media-types.ts';
import { bytesOf, collect } from '../util/bytes.ts';
import { checkManifestSize, describeReferrer } from './manifests.ts';
import type { Capabilities, PushOptions, ReadStore, Source, WriteStore } from './types.ts';
import type { CallOptions } from '../util/abort.ts';
import { verified } from './verify.ts';

interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/**
 * A store in memory with every capability: the reference for the other stores.
 * @example
 * import { createClient } from '@regctl/cli';
 * import { copyImage } from '@regctl/cli/copy';
 * import { createMemoryStore } from '@regctl/cli/store';
 *
 * await using client = createClient();
 * await using source = await client.openRead('alpine');
 * await using destination = createMemoryStore();
 * const tags = { sourceRef: '3.20', destinationTag: '3.20' };
 * const run = { source, destination, concurrency: 6, emit: console.debug };
 * await copyImage({ ...run, ...tags });
 */
export function createMemoryStore(label = 'memory'): WriteStore {
  const blobs = new Map<Digest, Uint8Array>();
  const manifests = new Map<Digest, StoredManifest>();
  const tags = new Map<string, Digest>();

  const stored = (ref: string, digest: Digest | undefined): StoredManifest => {
    const found = digest === undefined ? undefined : manifests.get(digest);
    if (found === undefined)
      throw new AppError('MANIFEST_UNKNOWN', `${label} has no image "${ref}"`);
    return found;
  };

  const present = ({ mediaType, digest }: Descriptor): Uint8Array | undefined =>
    isManifestType(mediaType) ? manifests.get(digest)?.manifest.raw : blobs.get(digest);

  const write = async (source: Source, options?: PushOptions): Promise<void> => {
    const { descriptor } = source;
    const { mediaType, digest, size } = descriptor;
    const isManifest = isManifestType(mediaType);
    if (isManifest) checkManifestSize(descriptor, `${label}: ${digest}`);
    let sent = 0;
    const bytes = verified(await source.open({ signal: options?.signal }), descriptor, label);
    const counted = async function* (): AsyncIterable<Uint8Array> {
      for await (const chunk of bytes) {
        options?.signal?.throwIfAborted();
        sent += chunk.byteLength;
        options?.onBytes?.(sent);
        yield Uint8Array.from(chunk);
      }
    };
    const data = await collect(counted(), size, () => new Error('the verifier bounds the size'));
    options?.signal?.throwIfAborted();
    if (isManifest) {
      const manifest = parseManifest(data, mediaType);
      manifests.set(digest, { descriptor: { mediaType, digest, size }, manifest });
    } else {
      blobs.set(digest, data);
    }
  };

  const setTag = (descriptor: Descriptor, tag: string): void => {
    tags.set(tag, stored(descriptor.digest, descriptor.digest).descriptor.digest);
  };

  const has = (descriptor: Descriptor): boolean => present(descriptor) !== undefined;

  return {
    label,
    traits: { maxParallelPushes: Infinity },
    capabilities: memoryCapabilities(label, { blobs, manifests, tags }),
    async resolve(ref, options) {
      options?.signal?.throwIfAborted();
      const wanted = ref ?? (tags.size === 1 ? [...tags.keys()][0] : undefined) ?? 'latest';
      return stored(wanted, isDigest(wanted) ? wanted : tags.get(wanted)).descriptor;
    },
    async has(descriptor, options) {
      options?.signal?.throwIfAborted();
      return has(descriptor);
    },
    fetch: (descriptor, options) => open(label, descriptor, present(descriptor), options),
    async push(source, options) {
      options?.signal?.throwIfAborted();
      const outcome = has(source.descriptor) ? 'present' : 'written';
      if (outcome === 'written') await write(source, options);
      if (options?.tag !== undefined) setTag(source.descriptor, options.tag);
      return outcome;
    },
    async tag(descriptor, tag, options) {
      options?.signal?.throwIfAborted();
      setTag(descriptor, tag);
    },
    async commit() {},
    async [Symbol.asyncDispose]() {},
  };
}

async function open(
  label: string,
  descriptor: Descriptor,
  data: Uint8Array | undefined,
  options?: Parameters<ReadStore['fetch']>[1],
): ReturnType<ReadStore['fetch']> {
  options?.signal?.throwIfAborted();
  if (data === undefined) {
    const code = isManifestType(descriptor.mediaType) ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
    throw new AppError(code, `${label} does not have ${descriptor.digest}`);
  }
  const from = options?.from ?? 0;
  return from === 0 ? verified(bytesOf(data), descriptor, label) : bytesOf(data, from);
}

function memoryCapabilities(
  label: string,
  {
    blobs,
    manifests,
    tags,
  }: {
    readonly blobs: ReadonlyMap<Digest, Uint8Array>;
    readonly manifests: Map<Digest, StoredManifest>;
    readonly tags: Map<string, Digest>;
  },
): Capabilities {
  return {
    tags: {
      async *tags(options) {
        options?.signal?.throwIfAborted();
        if (tags.size > 0) yield [...tags.keys()].toSorted();
      },
    },
    referrers: {
      async *referrers(digest, options) {
        options?.signal?.throwIfAborted();
        for (const { manifest, descriptor } of manifests.values()) {
          if (manifest.subject?.digest !== digest) continue;
          const referrer = describeReferrer(manifest, descriptor);
          if (options?.artifactType === undefined || options.artifactType === referrer.artifactType)
            yield referrer;
        }
      },
    },
    sizes: { blob: async (digest) => blobs.get(digest)?.byteLength },
    remove: {
      async removeManifest(digest: Digest, options?: CallOptions) {
        options?.signal?.throwIfAborted();
        if (!manifests.delete(digest)) {
          throw new AppError('MANIFEST_UNKNOWN', `${label} has no manifest ${digest}`);
        }
        for (const [tag, target] of tags) if (target === digest) tags.delete(tag);
      },
      async untag(tag: string, options?: CallOptions) {
        options?.signal?.throwIfAborted();
        if (!tags.delete(tag)) {
          throw new AppError('MANIFEST_UNKNOWN', `${label} has no tag "${tag}"`);
        }
      },
    },
  };
}

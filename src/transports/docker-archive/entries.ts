import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ImageManifest } from '../../oci/manifest.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { BlobWriter } from './blob-writer.ts';
import type { CommittedArchive } from './committed.ts';
import type { ImageNames } from './image-names.ts';
import type { DockerImageEntry } from './manifest-json.ts';

export interface PushedImage {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
}

export interface NewArchive {
  readonly committed: CommittedArchive;
  readonly pushed: ReadonlyMap<Digest, PushedImage>;
  readonly names: ImageNames;
  /** The blobs of the new file. */
  readonly blobs: BlobWriter;
  /** Fetches a blob that the new file may lack. */
  readonly fetch: (descriptor: Descriptor) => Promise<Bytes>;
}

/** Builds the entries of manifest.json for kept and pushed images, and writes their blobs. */
export async function writeEntries(
  archive: NewArchive,
  options?: CallOptions,
): Promise<readonly DockerImageEntry[]> {
  const { committed, pushed, names } = archive;
  const entries = new Map<string, DockerImageEntry>();
  for (const image of committed.images) await keep(image, archive, entries, options);
  for (const [digest, image] of pushed)
    if (names.keeps(digest)) await list(image, [], archive, entries, options);
  return [...entries.values()];
}

/** Keeps an existing image under the names that no other image took; without any, it is dropped. */
async function keep(
  image: DockerImageEntry,
  archive: NewArchive,
  entries: Map<string, DockerImageEntry>,
  options?: CallOptions,
): Promise<void> {
  const left = archive.names.leftOf(image.RepoTags);
  const made = await archive.committed.saved?.synthesize(image, options);
  if (made?.manifest.kind !== 'image') return;
  const { descriptor, manifest } = made;
  const hasName = left.length > 0 || archive.names.of(descriptor.digest).length > 0;
  if (!hasName && image.RepoTags.length > 0) return;
  await list({ descriptor, manifest }, left, archive, entries, options);
}

/** Adds one entry for each configuration, with its blobs in the new file. */
async function list(
  { descriptor, manifest }: PushedImage,
  kept: readonly string[],
  { names, blobs, fetch }: NewArchive,
  entries: Map<string, DockerImageEntry>,
  options?: CallOptions,
): Promise<void> {
  for (const part of [manifest.config, ...manifest.layers])
    if (!blobs.has(part)) await blobs.add(part, await fetch(part), options);
  const Config = blobs.nameOf(manifest.config.digest);
  const before = entries.get(Config)?.RepoTags ?? [];
  entries.set(Config, {
    Config,
    RepoTags: [...new Set([...before, ...kept, ...names.of(descriptor.digest)])],
    Layers: manifest.layers.map(({ digest }) => blobs.nameOf(digest)),
  });
}

import type { Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import { digestOf, algorithmOf, type Digest } from '../../oci/digest.ts';
import { parseManifest, type Manifest } from '../../oci/manifest.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A manifest and its descriptor. */
export interface ManifestNode {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** The descriptors of a list, as written; parseManifest has checked that they are objects. */
export function descriptorEntries(list: unknown): readonly Json[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

/**
 * Encodes a manifest as compact JSON; the digest uses the algorithm of the manifest that it
 * replaces, else sha256.
 */
export function manifestNode(body: Json, mediaType: string, replaced?: Digest): ManifestNode {
  const raw = new TextEncoder().encode(JSON.stringify(body));
  const manifest = parseManifest(raw, mediaType);
  const digest = digestOf(raw, replaced === undefined ? 'sha256' : algorithmOf(replaced));
  return { descriptor: { mediaType, digest, size: raw.byteLength }, manifest };
}

/** Annotations about the compressed bytes: tables of contents of eStargz and zstd:chunked. */
const CONTENT_ANNOTATIONS = [
  'io.github.containers.zstd-chunked.',
  'containerd.io/snapshot/stargz/',
];

/** Points an entry to a new descriptor and drops what was true only of its former content. */
export function withDescriptor(entry: Json, { mediaType, digest, size }: Descriptor): Json {
  if (digest === entry['digest']) return { ...entry, mediaType };
  const { data: _data, annotations, ...rest } = entry;
  const kept = isRecord(annotations)
    ? Object.entries(annotations).filter(
        ([key]) => !CONTENT_ANNOTATIONS.some((one) => key.startsWith(one)),
      )
    : [];
  return {
    ...rest,
    mediaType,
    digest,
    size,
    ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
  };
}

import type { Descriptor } from '../../oci/descriptor.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { choosePlatforms, type Platform } from '../../oci/platform.ts';
import { isAttestation, REFERENCE_DIGEST } from '../../store/index-entries.ts';
import { manifestDocument } from '../../store/manifests.ts';
import { hasEntries, unsupported, warnAnnotations, type ConversionSite } from './image-manifest.ts';
import {
  descriptorEntries,
  manifestNode,
  withDescriptor,
  type Json,
  type ManifestNode,
} from './edit-json.ts';
import { formatOf, manifestType } from './layer-types.ts';
import type { ManifestFormat } from './types.ts';

/** Docker's manifest list requires a platform on every entry; a nested list has none. */
const NO_PLATFORM: Platform = { architecture: '', os: '' };

/** One child as listed in the index. */
export interface IndexChild {
  readonly before: Descriptor;
  readonly entry: Json;
}

/** One child and its converted form. */
export interface ConvertedChild extends IndexChild {
  readonly after: Descriptor;
  /** Set only if the format requires it. */
  readonly platform: Platform | undefined;
}

/** The children that `wanted` can hold: v2s2 cannot express the subject of an attestation. */
export function childrenIn(
  manifest: IndexManifest,
  wanted: ManifestFormat | undefined,
  site: ConversionSite,
): readonly IndexChild[] {
  const entries = descriptorEntries(manifestDocument(manifest)['manifests']);
  const children = manifest.manifests.map((before, i) => ({ before, entry: entries[i] ?? {} }));
  if (wanted !== 'v2s2') return children;
  const { label, digest } = site;
  if (manifest.subject !== undefined || manifest.artifactType !== undefined) {
    throw unsupported(`${label}: ${digest} is an artifact, which v2s2 cannot hold`);
  }
  const images = children.filter(({ before }) => !isAttestation(before));
  const strange = images.find(({ before }) => !isManifestType(before.mediaType))?.before;
  if (strange !== undefined) {
    throw unsupported(`${label}: v2s2 has no index with content of type ${strange.mediaType}`);
  }
  const dropped = children.length - images.length;
  if (dropped > 0) {
    site.warn(`v2s2 cannot hold attestations: ${dropped} of this image are left out`);
  }
  return images;
}

/** The images for other platforms, and their attestations: nobody will use them. */
export function otherPlatforms(
  children: readonly IndexChild[],
  platforms: readonly Platform[] = [],
): ReadonlySet<IndexChild> {
  if (platforms.length === 0) return new Set();
  const images = children
    .filter(({ before }) => before.platform !== undefined && !isAttestation(before))
    .map((child) => ({ child, platform: child.before.platform }));
  const wanted = new Set(platforms.flatMap((one) => choosePlatforms(images, one)));
  const others = images.filter((one) => !wanted.has(one)).map(({ child }) => child);
  const digests = new Set<string>(others.map(({ before }) => before.digest));
  const about = children.filter(({ before }) =>
    digests.has(before.annotations?.[REFERENCE_DIGEST] ?? ''),
  );
  return new Set([...others, ...about]);
}

/** Builds an index of `children` in `format`, whose attestations point to the converted images. */
export function convertIndex(
  manifest: IndexManifest,
  children: readonly ConvertedChild[],
  format: ManifestFormat,
  site: ConversionSite,
): ManifestNode {
  const mediaType = manifestType(format, 'index');
  const body =
    format === 'v2s2' && formatOf(manifest.mediaType) === 'oci'
      ? dockerBody(manifest, children, mediaType, site)
      : keptBody(manifest, children, mediaType);
  return manifestNode(body, mediaType, site.digest);
}

function keptBody(
  manifest: IndexManifest,
  children: readonly ConvertedChild[],
  mediaType: string,
): Json {
  const became = new Map<string, string>(
    children.map(({ before, after }) => [before.digest, after.digest]),
  );
  const manifests = children.map(({ before, entry, after }) => {
    const about = before.annotations?.[REFERENCE_DIGEST];
    const target = about === undefined ? undefined : became.get(about);
    const rewritten = withDescriptor(entry, after);
    return target === undefined
      ? rewritten
      : { ...rewritten, annotations: { ...before.annotations, [REFERENCE_DIGEST]: target } };
  });
  return { ...manifestDocument(manifest), schemaVersion: 2, mediaType, manifests };
}

function dockerBody(
  manifest: IndexManifest,
  children: readonly ConvertedChild[],
  mediaType: string,
  site: ConversionSite,
): Json {
  const annotated = [manifest.annotations, ...children.map(({ before }) => before.annotations)];
  if (annotated.some(hasEntries)) warnAnnotations(site);
  return {
    schemaVersion: 2,
    mediaType,
    manifests: children.map(({ after, platform }) => ({
      mediaType: after.mediaType,
      digest: after.digest,
      size: after.size,
      platform: platform ?? NO_PLATFORM,
    })),
  };
}

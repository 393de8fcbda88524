import type { Descriptor } from '../../oci/descriptor.ts';
import type { IndexManifest } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/platforms.ts';
import { isFilled, unsupported, warnAnnotations, type Place } from './image-manifest.ts';
import { bodyOf, entriesOf, nodeFrom, redirected, type Json, type Node } from './json.ts';
import { manifestType } from './media-types.ts';
import type { ManifestFormat } from './types.ts';

/** The annotation by which BuildKit's attestations name the image they are about. */
const ABOUT = 'vnd.docker.reference.digest';

/** Docker's manifest list requires a platform on every entry; a nested list has none. */
const NO_PLATFORM: Platform = { architecture: '', os: '' };

/** One child and what became of it. */
export interface Converted {
  readonly before: Descriptor;
  readonly after: Descriptor;
  /** Asked for only where the format requires one. */
  readonly platform: Platform | undefined;
}

/** The children that `format` has room for: v2s2 cannot say what an attestation is about. */
export function childrenIn(
  { manifests, subject, artifactType }: IndexManifest,
  format: ManifestFormat,
  place: Place,
): readonly Descriptor[] {
  if (format === 'oci') return manifests;
  const { label, digest } = place;
  if (subject !== undefined || artifactType !== undefined) {
    throw unsupported(`${label}: ${digest} is an artifact, which v2s2 cannot hold`);
  }
  const images = manifests.filter((child) => !isAttestation(child));
  const strange = images.find(({ mediaType }) => !isManifestType(mediaType));
  if (strange !== undefined) {
    throw unsupported(`${label}: v2s2 has no index with content of type ${strange.mediaType}`);
  }
  const dropped = manifests.length - images.length;
  if (dropped > 0) {
    place.warn(`v2s2 cannot hold attestations: ${dropped} of this image are left out`);
  }
  return images;
}

/** An index over `children`, in `format`, its attestations pointing at what the images became. */
export function convertIndex(
  manifest: IndexManifest,
  children: readonly Converted[],
  format: ManifestFormat,
  place: Place,
): Node {
  const mediaType = manifestType(format, 'index');
  const body =
    format === 'oci'
      ? ociBody(manifest, children, mediaType)
      : dockerBody(manifest, children, mediaType, place);
  return nodeFrom(body, mediaType, place.digest);
}

function ociBody(manifest: IndexManifest, children: readonly Converted[], mediaType: string): Json {
  const body = bodyOf(manifest);
  const became = new Map<string, string>(
    children.map(({ before, after }) => [before.digest, after.digest]),
  );
  const written = entriesOf(body['manifests']);
  const manifests = children.map(({ before, after }, i) => {
    const entry = redirected(written[i] ?? {}, after);
    const about = before.annotations?.[ABOUT];
    const target = about === undefined ? undefined : became.get(about);
    return target === undefined
      ? entry
      : { ...entry, annotations: { ...before.annotations, [ABOUT]: target } };
  });
  return { ...body, schemaVersion: 2, mediaType, manifests };
}

function dockerBody(
  manifest: IndexManifest,
  children: readonly Converted[],
  mediaType: string,
  place: Place,
): Json {
  const annotated = [manifest.annotations, ...children.map(({ before }) => before.annotations)];
  if (annotated.some(isFilled)) warnAnnotations(place);
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

import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { isMediaType, MEDIA_TYPE } from '../../oci/media-types.ts';
import { CREATED } from '../annotations.ts';
import { goJson, goMap } from './go-json.ts';

export const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
export const UNKNOWN_ARTIFACT = 'application/vnd.unknown.artifact.v1';
export const UNKNOWN_CONFIG = 'application/vnd.unknown.config.v1+json';

/** The empty object: configuration of an artifact that has none, and layer of one without files. */
export const EMPTY: Uint8Array = Buffer.from('{}');

export interface ArtifactParts {
  /** Default: the type for unknown artifacts, unless `config` says what it is. */
  readonly artifactType: string | undefined;
  /** Default: the empty object. */
  readonly config: Descriptor | undefined;
  readonly configAnnotations?: Readonly<Record<string, string>> | undefined;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** `v1.0` has no artifact type: it is the type of the configuration. */
  readonly imageSpec: 'v1.0' | 'v1.1';
  /** RFC 3339; used unless the annotations have a date. */
  readonly created: string;
}

export interface PackedArtifact {
  readonly descriptor: Descriptor;
  readonly raw: Uint8Array;
  readonly artifactType: string;
  /** Whether the configuration or a layer is the empty object, which then must be pushed. */
  readonly needsEmpty: boolean;
}

/**
 * Writes the manifest of an artifact as ORAS 1.3 does, byte for byte (oras-go v2.7 pack.go,
 * image-spec v1.1.1 manifest.md "Guidelines for Artifact Usage").
 * @throws AppError USAGE for types and dates that are none
 */
export function packArtifact(parts: ArtifactParts): PackedArtifact {
  const { imageSpec, subject, annotations } = parts;
  const config = parts.config ?? emptyConfig(parts);
  const isImplied = imageSpec === 'v1.0';
  const artifactType = isImplied ? undefined : (parts.artifactType ?? UNKNOWN_ARTIFACT);
  requireType(artifactType ?? config.mediaType);
  requireType(config.mediaType);
  const empty = emptyDescriptor();
  const isWithoutFiles = parts.layers.length === 0 && !isImplied;
  const layers = isWithoutFiles ? [empty] : parts.layers;
  const raw = goJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType,
    config: goDescriptor({ ...config, annotations: parts.configAnnotations }),
    layers: layers.map(goDescriptor),
    subject: subject === undefined ? undefined : goDescriptor(plainDescriptor(subject)),
    annotations: goMap({ ...withDate(annotations, parts.created) }),
  });
  const mediaType = MEDIA_TYPE.ociManifest;
  return {
    descriptor: { mediaType, digest: digestOf(raw), size: raw.byteLength },
    raw,
    artifactType: artifactType ?? config.mediaType,
    needsEmpty: parts.config === undefined || isWithoutFiles,
  };
}

export function emptyDescriptor(mediaType: string = EMPTY_TYPE): Descriptor {
  const data = Buffer.from(EMPTY).toString('base64');
  return { mediaType, digest: digestOf(EMPTY), size: EMPTY.byteLength, data };
}

/** Only the empty media type says that the content is the embedded one. */
function emptyConfig({ imageSpec, artifactType }: ArtifactParts): Descriptor {
  if (imageSpec === 'v1.1') return emptyDescriptor();
  const { data: _data, ...config } = emptyDescriptor(artifactType ?? UNKNOWN_CONFIG);
  return config;
}

function plainDescriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** In the order of Go's struct (image-spec specs-go/v1/descriptor.go). */
function goDescriptor(
  one: Omit<Descriptor, 'annotations'> & {
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  },
): object {
  const { mediaType, digest, size, annotations, data } = one;
  return { mediaType, digest, size, annotations: goMap(annotations), data };
}

function withDate(
  annotations: Readonly<Record<string, string>>,
  created: string,
): Readonly<Record<string, string>> {
  const given = annotations[CREATED];
  if (given === undefined) return { ...annotations, [CREATED]: created };
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/u.test(given)) {
    return annotations;
  }
  throw new AppError('USAGE', `"${sanitize(given)}" is not a date as ${CREATED} wants it`, {
    hint: 'Write it like 2026-01-02T03:04:05Z.',
  });
}

/** @throws AppError USAGE */
export function requireType(type: string): void {
  if (isMediaType(type)) return;
  throw new AppError('USAGE', `"${sanitize(type.slice(0, 200))}" is not a media type`, {
    hint: 'A media type is like application/vnd.example.sbom.v1+json, without spaces.',
  });
}

import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { parseDescriptor, type Descriptor } from './descriptor.ts';
import { isRecord, stringRecord } from '../util/json.ts';
import { digestOf, type Algorithm } from './digest.ts';
import { parseJsonStrict, keyDifferingInCase } from './strict-json.ts';
import { isImageType, isIndexType, isMediaType, isSchema1Type, MEDIA_TYPE } from './media-types.ts';
import { ambiguousMember, MANIFEST } from './document-members.ts';

/** Maximum bytes of a manifest (distribution-spec v1.1.1 asks clients for at least 4 MiB). */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

interface ManifestBase {
  readonly mediaType: string;
  /** The bytes as received; the only form that is ever stored or sent. */
  readonly raw: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

/** A manifest with a configuration and layers. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A manifest that lists others, mostly one for each platform. */
export interface IndexManifest extends ManifestBase {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

/**
 * Docker schema 1: kept as bytes; its layers are known only by digest; never converted silently.
 */
export interface Schema1Manifest extends ManifestBase {
  readonly kind: 'schema1';
}

/** A manifest of any kind that registries have. */
export type Manifest = ImageManifest | IndexManifest | Schema1Manifest;

/** Members that decide the kind of a manifest. */
const MEMBERS: ReadonlySet<string> = new Set(Object.keys(MANIFEST));

/**
 * Parses manifest bytes. `contentType` (from a descriptor or header, without parameters) must agree
 * with the body's own `mediaType`; a body that could be read as both index and image is refused
 * (CVE-2021-41190).
 * @throws AppError INVALID_MANIFEST
 * @example
 * import { parseManifest } from '@regctl/cli/oci';
 *
 * const raw = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}');
 * const manifest = parseManifest(raw, 'application/vnd.oci.image.index.v1+json');
 * console.log(manifest.kind); // index
 */
export function parseManifest(raw: Uint8Array, contentType?: string): Manifest {
  const body = parseJsonStrict(raw, 'INVALID_MANIFEST', 'manifest');
  if (!isRecord(body)) throw invalid('it is not a JSON object');
  const mediaType = decideMediaType(body, contentType);
  const misspelled = keyDifferingInCase(body, MEMBERS);
  if (misspelled !== undefined) throw invalid(misspelled);
  const kind = kindOf(mediaType);
  const version = kind === 'schema1' ? 1 : 2;
  if (body['schemaVersion'] !== version) throw invalid(`schemaVersion is not ${version}`);
  const ambiguous = ambiguousMember(body, kind);
  if (ambiguous !== undefined) throw invalid(ambiguous);
  if (kind === 'schema1') return { kind, mediaType, raw };
  return kind === 'index' ? parseIndex(body, mediaType, raw) : parseImage(body, mediaType, raw);
}

function decideMediaType(
  body: Readonly<Record<string, unknown>>,
  contentType: string | undefined,
): string {
  const own = body['mediaType'];
  if (own !== undefined && (typeof own !== 'string' || !isMediaType(own))) {
    throw invalid('its mediaType is not a media type');
  }
  const given = contentType === undefined || !isKnown(contentType) ? undefined : contentType;
  if (own !== undefined && given !== undefined && own !== given) {
    throw invalid(`its mediaType ${own} differs from the Content-Type ${given}`);
  }
  const mediaType = own ?? given ?? guessMediaType(body);
  if (mediaType === undefined || !isKnown(mediaType)) {
    throw invalid(
      `${mediaType ?? sanitize(contentType ?? 'its type')} is not a manifest type that regctl knows`,
    );
  }
  return mediaType;
}

function kindOf(mediaType: string): Manifest['kind'] {
  if (isSchema1Type(mediaType)) return 'schema1';
  return isIndexType(mediaType) ? 'index' : 'image';
}

function isKnown(mediaType: string): boolean {
  return isIndexType(mediaType) || isImageType(mediaType) || isSchema1Type(mediaType);
}

/** An OCI manifest may omit `mediaType`; its shape decides. */
function guessMediaType(body: Readonly<Record<string, unknown>>): string | undefined {
  if (body['schemaVersion'] === 1) return MEDIA_TYPE.dockerSchema1;
  if ('manifests' in body) return MEDIA_TYPE.ociIndex;
  if ('config' in body) return MEDIA_TYPE.ociManifest;
  return undefined;
}

function parseIndex(
  body: Readonly<Record<string, unknown>>,
  mediaType: string,
  raw: Uint8Array,
): IndexManifest {
  // Go's encoder writes an empty list as null.
  const list = body['manifests'] === null ? [] : body['manifests'];
  if (!Array.isArray(list)) throw invalid('"manifests" is not a list');
  const manifests = list.map((entry, i) => parseDescriptor(entry, `manifests[${i}]`));
  return { kind: 'index', mediaType, raw, manifests, ...common(body) };
}

function parseImage(
  body: Readonly<Record<string, unknown>>,
  mediaType: string,
  raw: Uint8Array,
): ImageManifest {
  const list = body['layers'] ?? [];
  if (!Array.isArray(list)) throw invalid('"layers" is not a list');
  const config = parseDescriptor(body['config'], 'config');
  const layers = list.map((entry, i) => parseDescriptor(entry, `layers[${i}]`));
  return { kind: 'image', mediaType, raw, config, layers, ...common(body) };
}

function common(
  body: Readonly<Record<string, unknown>>,
): Pick<ManifestBase, 'annotations' | 'artifactType' | 'subject'> {
  const annotations = stringRecord(body['annotations']);
  const artifactType = body['artifactType'];
  const subject = body['subject'];
  return {
    ...(annotations === undefined ? {} : { annotations }),
    ...(typeof artifactType === 'string' && artifactType !== '' ? { artifactType } : {}),
    ...(subject === undefined || subject === null
      ? {}
      : { subject: parseDescriptor(subject, 'subject') }),
  };
}

function invalid(rule: string): AppError {
  return new AppError('INVALID_MANIFEST', `invalid manifest: ${rule}`);
}

/**
 * The descriptors that must exist before this manifest: children, or config and layers; never
 * `subject`.
 * @example
 * import { createClient } from '@regctl/cli';
 * import { childrenOf, parseManifest } from '@regctl/cli/oci';
 * import { fetchAll } from '@regctl/cli/store';
 *
 * await using client = createClient();
 * await using store = await client.openRead('alpine');
 * const root = await store.resolve('3.20');
 * const manifest = parseManifest(await fetchAll(store, root), root.mediaType);
 * for (const { digest, size } of childrenOf(manifest)) console.log(digest, size);
 */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  switch (manifest.kind) {
    case 'index':
      return manifest.manifests;
    case 'image':
      return [manifest.config, ...manifest.layers];
    case 'schema1':
      return [];
  }
}

/**
 * The descriptor of raw manifest bytes.
 * @example
 * import { describeManifest, parseManifest } from '@regctl/cli/oci';
 *
 * const raw = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}');
 * const { digest, size } = describeManifest(parseManifest(raw, 'application/vnd.oci.image.index.v1+json'));
 * console.log(digest, size); // sha256:… 34
 */
export function describeManifest(manifest: Manifest, algorithm: Algorithm = 'sha256'): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: digestOf(manifest.raw, algorithm),
    size: manifest.raw.byteLength,
  };
}

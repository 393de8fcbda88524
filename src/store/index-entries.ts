import { AppError } from '../errors/app-error.ts';
import { type Descriptor } from '../oci/descriptor.ts';
import { isRecord } from '../util/json.ts';
import type { IndexManifest } from '../oci/manifest.ts';
import { isImageConfigType, isImageType, isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../oci/platform.ts';
import { IMAGE_CONFIG } from '../oci/document-members.ts';
import { parseJsonStrict } from '../oci/strict-json.ts';
import { mapParallel } from '../util/parallel.ts';
import { IndexTraversal } from './index-traversal.ts';
import { fetchManifest, manifestDocument } from './manifests.ts';
import type { CallOptions } from '../util/abort.ts';
import type { ReadStore } from './types.ts';
import { fetchAll } from './verify.ts';

/** One entry of an index, or of an index nested in it. */
export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** As declared by the entry, else by the configuration of its image. */
  readonly platform: Platform | undefined;
  /** The entry as written, including members that regctl does not know. */
  readonly raw: unknown;
}

/** Maximum bytes of an image configuration. */
export const MAX_CONFIG_BYTES: number = 4 * 1024 * 1024;

/** Configurations that are read for their platform; further entries remain without one. */
const MAX_LOOKUPS = 256;

/** Configurations read at a time. */
const PARALLEL = 6;

/**
 * Returns the entries of an index in its order, including attestations; nested indexes are replaced
 * by their entries. Each entry without a platform costs reading its manifest and configuration.
 * @throws AppError like fetchManifest
 */
export async function indexEntries(
  store: ReadStore,
  index: IndexManifest,
  options: CallOptions = {},
): Promise<readonly IndexEntry[]> {
  const entries = await flatten(store, index, options, new IndexTraversal(store.label), 0);
  const unknown = entries.filter(isUndeclared).slice(0, MAX_LOOKUPS);
  const platforms = await mapParallel(
    unknown,
    PARALLEL,
    ({ descriptor }, call) => platformOf(store, descriptor, call),
    options,
  );
  const found = new Map(unknown.map((entry, i) => [entry, platforms[i]]));
  return entries.map((entry) => ({ ...entry, platform: entry.platform ?? found.get(entry) }));
}

/** BuildKit's annotation of an attestation: the digest of the described image. */
export const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/** BuildKit lists attestations as images of the platform unknown/unknown. */
export function isAttestation(
  { annotations, platform: declared }: Descriptor,
  platform: Platform | undefined = declared,
): boolean {
  return (
    platform?.os === 'unknown' ||
    annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
  );
}

async function flatten(
  store: ReadStore,
  index: IndexManifest,
  call: CallOptions,
  traversal: IndexTraversal,
  depth: number,
): Promise<IndexEntry[]> {
  traversal.enter(index, depth);
  const { manifests } = manifestDocument(index);
  const raw: readonly unknown[] = Array.isArray(manifests) ? manifests : [];
  const entries: IndexEntry[] = [];
  for (const [i, descriptor] of index.manifests.entries()) {
    const { platform } = descriptor;
    if (isIndexType(descriptor.mediaType) && platform === undefined) {
      if (!traversal.visit(descriptor)) continue;
      const inner = await fetchManifest(store, descriptor, call);
      if (inner.kind !== 'index') continue;
      for (const one of await flatten(store, inner, call, traversal, depth + 1)) entries.push(one);
    } else {
      entries.push({ descriptor, platform, raw: raw[i] ?? descriptor });
    }
  }
  return entries;
}

/** Whether an image's configuration may declare the platform. */
function isUndeclared({ descriptor, platform }: IndexEntry): boolean {
  return (
    platform === undefined &&
    descriptor.artifactType === undefined &&
    isImageType(descriptor.mediaType) &&
    !isAttestation(descriptor)
  );
}

/** Errors that only leave one image without a platform: it is missing, damaged or an artifact. */
const UNSAID: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'BLOB_UNKNOWN',
  'INVALID_MANIFEST',
  'INVALID_CONFIG',
]);

async function platformOf(
  store: ReadStore,
  descriptor: Descriptor,
  options: CallOptions,
): Promise<Platform | undefined> {
  try {
    const manifest = await fetchManifest(store, descriptor, options);
    if (manifest.kind !== 'image' || !isImageConfigType(manifest.config.mediaType))
      return undefined;
    return platformOfConfig(await readConfig(store, manifest.config, store.label, options));
  } catch (error) {
    if (error instanceof AppError && UNSAID.has(error.code)) return undefined;
    throw error;
  }
}

/** @throws AppError INVALID_CONFIG above 4 MiB */
export async function readConfig(
  store: ReadStore,
  config: Descriptor,
  where: string,
  options?: CallOptions,
): Promise<Uint8Array> {
  if (config.size > MAX_CONFIG_BYTES) {
    throw new AppError('INVALID_CONFIG', `${where} has a configuration of more than 4 MiB`);
  }
  return fetchAll(store, config, options);
}

/** The platform in an image configuration. @throws AppError INVALID_CONFIG */
export function platformOfConfig(bytes: Uint8Array): Platform | undefined {
  const json = parseJsonStrict(bytes, 'INVALID_CONFIG', 'image configuration', IMAGE_CONFIG);
  if (!isRecord(json)) return undefined;
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = json;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return {
    os,
    architecture,
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof version === 'string' && version !== '' ? { 'os.version': version } : {}),
    ...(Array.isArray(features)
      ? { 'os.features': features.filter((one): one is string => typeof one === 'string') }
      : {}),
  };
}

import { AppError } from '../errors/app-error.ts';
import { isRecord, type Descriptor } from '../oci/descriptor.ts';
import { parseJsonStrict } from '../oci/strict-json.ts';
import type { IndexManifest, Manifest } from '../oci/manifest.ts';
import { isImageType, isIndexType } from '../oci/media-types.ts';
import { formatPlatform, matchesPlatform, normalize, type Platform } from '../oci/platform.ts';
import { fetchManifest } from './manifests.ts';
import type { ReadStore } from './types.ts';
import type { CallOptions } from '../util/abort.ts';

/** Deeper nesting of indexes than any publisher uses; a bound against endless chains. */
export const MAX_INDEX_DEPTH = 16;

/** Entries of an index and of those nested in it, together; one manifest has room for 30 000. */
const MAX_INDEX_ENTRIES = 100_000;

/**
 * The indexes of one search. An index that is listed again is not searched again: sixteen levels of
 * two equal entries each would be 65 536 searches.
 */
export class IndexTraversal {
  readonly #label: string;
  readonly #seen = new Set<string>();
  #entries = 0;

  /** `label`: where the indexes come from. */
  constructor(label: string) {
    this.#label = label;
  }

  /** False for one that was there before. */
  visit({ digest }: Descriptor): boolean {
    if (this.#seen.has(digest)) return false;
    this.#seen.add(digest);
    return true;
  }

  /** @throws AppError INVALID_MANIFEST when the indexes together are too long, or nested too deep */
  enter({ manifests }: IndexManifest, depth: number): void {
    if (depth >= MAX_INDEX_DEPTH) throw tooDeepError(this.#label);
    this.#entries += manifests.length;
    if (this.#entries <= MAX_INDEX_ENTRIES) return;
    throw new AppError(
      'INVALID_MANIFEST',
      `${this.#label}: nested indexes list more than ${MAX_INDEX_ENTRIES} manifests`,
    );
  }
}

/** Most bytes an image configuration may have. */
export const MAX_CONFIG_BYTES: number = 4 * 1024 * 1024;

export interface PlatformEntry {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
}

export interface ChosenManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** The platforms of an index in its order, without BuildKit's attestations. */
export function platformsOf(index: IndexManifest): readonly PlatformEntry[] {
  return index.manifests.flatMap((descriptor) =>
    descriptor.platform === undefined || isAttestation(descriptor)
      ? []
      : [{ platform: descriptor.platform, descriptor }],
  );
}

/** BuildKit lists attestations as images of the platform unknown/unknown. */
export function isAttestation(descriptor: Descriptor): boolean {
  return (
    descriptor.platform?.os === 'unknown' ||
    descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
  );
}

/**
 * The entry of an index for `wanted`. Where the variant is left open, an entry without one comes
 * first, then the highest (arm v7 before v6, as container engines choose), then the index's order.
 */
export function findPlatform(index: IndexManifest, wanted: Platform): Descriptor | undefined {
  const matching = platformsOf(index).filter(({ platform }) => matchesPlatform(wanted, platform));
  return matching.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)))[0]?.descriptor;
}

function rank({ platform }: PlatformEntry): number {
  const { variant } = normalize(platform);
  return variant === undefined ? Infinity : Number.parseInt(variant.replace(/^v/u, ''), 10) || 0;
}

/**
 * Looks `wanted` up in an index, and in the indexes nested in it. `undefined` when it has none.
 * @throws AppError as fetchManifest does
 */
export async function selectPlatform(
  store: ReadStore,
  index: IndexManifest,
  wanted: Platform,
  options?: CallOptions,
): Promise<ChosenManifest | undefined> {
  return searchIndex(store, index, wanted, { search: new IndexTraversal(store.label), options }, 0);
}

async function searchIndex(
  store: ReadStore,
  index: IndexManifest,
  wanted: Platform,
  call: { readonly search: IndexTraversal; readonly options: CallOptions | undefined },
  depth: number,
): Promise<ChosenManifest | undefined> {
  const { search, options } = call;
  search.enter(index, depth);
  const found = findPlatform(index, wanted);
  const candidates =
    found === undefined
      ? index.manifests.filter((one) => isIndexType(one.mediaType) && one.platform === undefined)
      : [found];
  for (const descriptor of candidates) {
    if (!search.visit(descriptor)) continue;
    const manifest = await fetchManifest(store, descriptor, options);
    if (manifest.kind !== 'index') return { descriptor, manifest };
    const inner = await searchIndex(store, manifest, wanted, call, depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The entry shown when no platform was asked for and neither host nor linux/amd64 is there. */
export function defaultImage(index: IndexManifest): Descriptor | undefined {
  const real = index.manifests.filter((one) => !isAttestation(one));
  return (
    real.find((one) => one.platform !== undefined && isImageType(one.mediaType)) ??
    real.find((one) => isImageType(one.mediaType))
  );
}

/** The platform an image configuration names. @throws AppError INVALID_CONFIG */
export function platformOfConfig(bytes: Uint8Array): Platform | undefined {
  const json = parseJsonStrict(bytes, 'INVALID_CONFIG', 'image configuration');
  if (!isRecord(json)) return undefined;
  const { os, architecture, variant } = json;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return {
    os,
    architecture,
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
  };
}

export function platformUnknownError(
  where: string,
  wanted: Platform | readonly Platform[],
  available: readonly Platform[],
): AppError {
  const names = [...new Set(available.map(formatPlatform))];
  const asked = [wanted].flat().map(formatPlatform).join(' or ');
  return new AppError('PLATFORM_UNKNOWN', `${where} has no image for the platform ${asked}`, {
    hint: names.length === 0 ? 'It lists no platforms at all.' : `It has: ${names.join(', ')}.`,
    details: { platform: asked, available: names },
  });
}

export function tooDeepError(where: string): AppError {
  return new AppError(
    'INVALID_MANIFEST',
    `${where}: indexes are nested deeper than ${MAX_INDEX_DEPTH} levels`,
  );
}

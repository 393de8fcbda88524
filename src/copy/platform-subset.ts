import { isRecord, type Descriptor } from '../oci/descriptor.ts';
import { algorithmOf } from '../oci/digest.ts';
import { parseJsonStrict } from '../oci/strict-json.ts';
import { describeManifest, parseManifest, type IndexManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import { matchesPlatform, type Platform } from '../oci/platform.ts';
import { fetchManifest } from '../store/manifests.ts';
import {
  IndexTraversal,
  isAttestation,
  platformUnknownError,
  type ChosenManifest,
} from '../store/platforms.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';

/** What BuildKit writes beside an attestation: the digest of the image that it is about. */
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/** One entry of an index: understood, and as it was written. */
interface IndexEntry {
  readonly descriptor: Descriptor;
  readonly raw: unknown;
}

/**
 * An index of the wanted platforms alone, with their attestations; images of nested indexes are
 * listed directly. Members that regctl does not know are kept. The index itself when nothing had
 * to go. @throws AppError PLATFORM_UNKNOWN when a platform has no image
 */
export async function platformSubset(
  source: ReadStore,
  root: ChosenManifest,
  platforms: readonly Platform[],
  where: string,
  call: CallOptions,
): Promise<ChosenManifest> {
  const index = root.manifest as IndexManifest;
  const entries = await flatten(source, index, call, new IndexTraversal(source.label), 0);
  const images = entries.filter(({ descriptor }) => !isAttestation(descriptor));
  for (const wanted of platforms) {
    if (images.some((image) => isFor(image, wanted))) continue;
    const available = images.flatMap(({ descriptor }) => descriptor.platform ?? []);
    throw platformUnknownError(where, wanted, available);
  }
  const kept = new Set(images.filter((one) => platforms.some((wanted) => isFor(one, wanted))));
  const digests = new Set<string>([...kept].map(({ descriptor }) => descriptor.digest));
  const chosen = entries.filter(
    (one) => kept.has(one) || digests.has(one.descriptor.annotations?.[REFERENCE_DIGEST] ?? ''),
  );
  const same =
    chosen.length === index.manifests.length &&
    chosen.every(({ descriptor }, i) => descriptor.digest === index.manifests[i]?.digest);
  return same ? root : rewrite(root, chosen);
}

function isFor({ descriptor: { platform } }: IndexEntry, wanted: Platform): boolean {
  return platform !== undefined && matchesPlatform(wanted, platform);
}

async function flatten(
  source: ReadStore,
  index: IndexManifest,
  call: CallOptions,
  traversal: IndexTraversal,
  depth: number,
): Promise<IndexEntry[]> {
  traversal.enter(index, depth);
  const raw = documentOf(index)['manifests'];
  const entries: IndexEntry[] = [];
  for (const [i, descriptor] of index.manifests.entries()) {
    if (isIndexType(descriptor.mediaType) && descriptor.platform === undefined) {
      if (!traversal.visit(descriptor)) continue;
      const inner = await fetchManifest(source, descriptor, call);
      if (inner.kind !== 'index') continue;
      for (const one of await flatten(source, inner, call, traversal, depth + 1)) entries.push(one);
    } else {
      entries.push({ descriptor, raw: Array.isArray(raw) ? (raw as unknown[])[i] : descriptor });
    }
  }
  return entries;
}

function rewrite(
  { descriptor, manifest }: ChosenManifest,
  chosen: readonly IndexEntry[],
): ChosenManifest {
  const body = { ...documentOf(manifest), manifests: chosen.map(({ raw }) => raw) };
  const bytes = new TextEncoder().encode(JSON.stringify(body, null, indentOf(manifest.raw)));
  const rewritten = parseManifest(bytes, manifest.mediaType);
  return {
    descriptor: describeManifest(rewritten, algorithmOf(descriptor.digest)),
    manifest: rewritten,
  };
}

function documentOf({ raw }: Pick<IndexManifest, 'raw'>): Readonly<Record<string, unknown>> {
  const body = parseJsonStrict(raw, 'INVALID_MANIFEST', 'index');
  return isRecord(body) ? body : {};
}

/** Spaces in front of the first member, so that a person finds the index as it was laid out. */
function indentOf(raw: Uint8Array): number {
  const head = new TextDecoder().decode(raw.subarray(0, 16));
  return /^\{\r?\n( {1,8})"/u.exec(head)?.[1]?.length ?? 0;
}

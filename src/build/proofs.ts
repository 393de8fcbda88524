import {
  descriptorEntries,
  manifestNode,
  withDescriptor,
  type Json,
} from '../image/convert/edit-json.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { isImageConfigType } from '../oci/media-types.ts';
import { formatPlatform } from '../oci/platform.ts';
import { asRecord, isRecord } from '../util/json.ts';
import { isAttestation, REFERENCE_DIGEST } from '../store/index-entries.ts';
import { manifestDocument } from '../store/manifests.ts';
import type { ReadStore } from '../store/types.ts';
import { fetchAll, sourceFromBytes } from '../store/verify.ts';
import type { CallOptions } from '../util/abort.ts';
import type { BuiltStore } from './built-store.ts';

/** One entry of an index: as parsed, and as written. */
export interface ListedChild {
  readonly descriptor: Descriptor;
  readonly entry: Json;
}

/** How many attestations of an image are left out, and of which platform. */
export interface LeftOut {
  readonly platform: string;
  readonly count: number;
}

export interface Replaced {
  readonly children: readonly ListedChild[];
  readonly leftOut: readonly LeftOut[];
}

/** `PREDICATE` annotation of an attestation's layer (BuildKit, attestation-storage.md). */
const PREDICATE = 'in-toto.io/predicate-type';
const PROVENANCE = 'https://slsa.dev/provenance/';

/**
 * Replaces the changed children of an index. Their attestations speak of the images before the
 * change, so they are left out; with `keep`, provenance stays, about the new digest.
 */
export async function replaceChildren(
  children: readonly ListedChild[],
  changed: ReadonlyMap<Digest, ListedChild>,
  keep: { readonly built: BuiltStore; readonly store: ReadStore } | undefined,
  call: CallOptions,
): Promise<Replaced> {
  const out: ListedChild[] = [];
  const leftOut = new Map<string, number>();
  const platforms = new Map<string, string>(
    children.map(({ descriptor: { digest, platform } }) => [
      digest,
      platform === undefined ? digest : formatPlatform(platform),
    ]),
  );
  for (const child of children) {
    const about = aboutOf(child.descriptor);
    const subject = about === undefined ? undefined : changed.get(about as Digest)?.descriptor;
    if (about === undefined || subject === undefined || subject.digest === about) {
      out.push(changed.get(child.descriptor.digest) ?? child);
      continue;
    }
    const kept = keep === undefined ? undefined : await provenanceOf(child, subject, keep, call);
    if (kept?.child !== undefined) out.push(kept.child);
    const name = platforms.get(about) ?? about;
    const lost = kept?.lost ?? 1;
    if (lost > 0) leftOut.set(name, (leftOut.get(name) ?? 0) + lost);
  }
  return {
    children: out,
    leftOut: [...leftOut].map(([platform, count]) => ({ platform, count })),
  };
}

/** The digest of the image that an entry attests; `undefined` for anything else. */
export function aboutOf(descriptor: Descriptor): string | undefined {
  return isAttestation(descriptor) ? descriptor.annotations?.[REFERENCE_DIGEST] : undefined;
}

/** The attestation with its provenance only, and how many statements it loses. */
async function provenanceOf(
  { descriptor, entry }: ListedChild,
  subject: Descriptor,
  { built, store }: { readonly built: BuiltStore; readonly store: ReadStore },
  call: CallOptions,
): Promise<{ readonly child?: ListedChild; readonly lost: number }> {
  const manifest = await built.read(store, descriptor, call);
  if (manifest.kind !== 'image') return { lost: 1 };
  const stays = manifest.layers.map(
    ({ annotations }) => annotations?.[PREDICATE]?.startsWith(PROVENANCE) === true,
  );
  const lost = stays.filter((one) => !one).length;
  if (lost === stays.length) return { lost };
  const annotations = { ...asRecord(entry['annotations']), [REFERENCE_DIGEST]: subject.digest };
  if (lost === 0 && manifest.subject === undefined) {
    return { child: listed(descriptor, { ...entry, annotations }), lost };
  }
  const document = manifestDocument(manifest);
  const { mediaType, digest, size } = subject;
  const body = {
    ...document,
    ...(await configWithout(manifest, stays, document, { built, store }, call)),
    layers: descriptorEntries(document['layers']).filter((_, at) => stays[at]),
    ...(manifest.subject === undefined ? {} : { subject: { mediaType, digest, size } }),
  };
  const node = manifestNode(body, manifest.mediaType, descriptor.digest);
  built.addManifest(node);
  const changed = { ...withDescriptor(entry, node.descriptor), annotations };
  return { child: listed(node.descriptor, changed), lost };
}

/** The diff IDs of a configuration match the layers; an artifact's configuration has none. */
async function configWithout(
  { config }: ImageManifest,
  stays: readonly boolean[],
  document: Json,
  { built, store }: { readonly built: BuiltStore; readonly store: ReadStore },
  call: CallOptions,
): Promise<Json> {
  if (!isImageConfigType(config.mediaType) || !stays.includes(false)) return {};
  const json: unknown = JSON.parse(Buffer.from(await fetchAll(store, config, call)).toString());
  const rootfs = asRecord(asRecord(json)['rootfs']);
  const ids: readonly unknown[] = Array.isArray(rootfs['diff_ids']) ? rootfs['diff_ids'] : [];
  const body = {
    ...asRecord(json),
    rootfs: { ...rootfs, diff_ids: ids.filter((_, at) => stays[at]) },
  };
  const bytes = Buffer.from(JSON.stringify(body));
  const made = { mediaType: config.mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  built.addBlob(sourceFromBytes(made, bytes));
  const entry = isRecord(document['config']) ? document['config'] : {};
  return { config: withDescriptor(entry, made) };
}

/** An entry with the descriptor that it now has. */
function listed(descriptor: Descriptor, entry: Json): ListedChild {
  const annotations = asRecord(entry['annotations']) as Record<string, string>;
  return { descriptor: { ...descriptor, annotations }, entry };
}

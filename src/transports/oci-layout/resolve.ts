import { describeRawManifest } from '../../store/manifests.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { formatReference, withDefaultTag } from '../../reference/format.ts';
import { parseReference } from '../../reference/parse.ts';
import { readSmall } from '../files/disk.ts';
import { isCosignExtra } from './cosign-save.ts';
import { CONTAINERD_NAME, type LayoutIndex } from './index-json.ts';
import { indexInLayout, pinnedName } from './name.ts';
import type { PendingIndex } from './pending-index.ts';

/** The most names that a hint lists. */
const SHOWN_NAMES = 20;

/** The entries of an index by the names that find them. */
interface Lookup {
  readonly index: LayoutIndex;
  readonly byTag: ReadonlyMap<string, readonly Descriptor[]>;
  /** By containerd's full name: "docker.io/library/alpine:3". */
  readonly byFullName: ReadonlyMap<string, readonly Descriptor[]>;
  readonly byDigest: ReadonlyMap<Digest, Descriptor>;
}

/** Finds names in an index and in a run's additions without scanning all entries each time. */
export class EntryFinder {
  readonly #label: string;
  readonly #pending: PendingIndex;
  #lookup: Lookup | undefined;

  constructor(label: string, pending: PendingIndex) {
    this.#label = label;
    this.#pending = pending;
  }

  /**
   * Finds the entry for `ref`: a digest, a name as written, a containerd name, `NAME@DIGEST` or the
   * position `@N`. Without `ref`, the only image, else the one tagged `latest`. `undefined` for a
   * digest that is not listed.
   * @throws AppError MANIFEST_UNKNOWN; CORRUPT_LAYOUT if a tag has several digests
   */
  find(index: LayoutIndex, ref: string | undefined): Descriptor | undefined {
    if (ref === undefined) return defaultOf(lookUp(this.#pending.overlay(index)), this.#label);
    const added = this.#pending.find(ref);
    if (added !== undefined) return added;
    const lookup = this.#lookupOf(index);
    if (isDigest(ref)) return lookup.byDigest.get(ref);
    const place = indexInLayout(ref);
    if (place !== undefined) return atPlace(lookup, place, this.#label);
    return this.#pinned(index, lookup, ref) ?? tagged(lookup, ref, ref, this.#label);
  }

  /** `NAME@DIGEST`, unless an entry has that as its name: skopeo writes such names. */
  #pinned(index: LayoutIndex, lookup: Lookup, ref: string): Descriptor | undefined {
    const pinned = pinnedName(ref);
    if (pinned === undefined || lookup.byTag.has(ref)) return undefined;
    const { name, digest } = pinned;
    const found =
      this.#pending.find(name) ?? tagged(this.#lookupOf(index), name, name, this.#label);
    if (found.digest === digest) return found;
    throw new AppError(
      'MANIFEST_UNKNOWN',
      `${this.#label}: "${name}" has the digest ${found.digest}, not ${digest}`,
    );
  }

  /** All entries with a tag. */
  all(index: LayoutIndex, tag: string): readonly Descriptor[] {
    const added = this.#pending.find(tag);
    return added === undefined ? (this.#lookupOf(index).byTag.get(tag) ?? []) : [added];
  }

  #lookupOf(index: LayoutIndex): Lookup {
    if (this.#lookup?.index !== index) this.#lookup = lookUp(index);
    return this.#lookup;
  }
}

function lookUp(index: LayoutIndex): Lookup {
  const byTag = new Map<string, Descriptor[]>();
  const byFullName = new Map<string, Descriptor[]>();
  const byDigest = new Map<Digest, Descriptor>();
  for (const { descriptor, tag } of index.entries) {
    if (!byDigest.has(descriptor.digest)) byDigest.set(descriptor.digest, descriptor);
    append(byTag, tag, descriptor);
    append(byFullName, descriptor.annotations?.[CONTAINERD_NAME], descriptor);
  }
  return { index, byTag, byFullName, byDigest };
}

function append(
  lists: Map<string, Descriptor[]>,
  name: string | undefined,
  descriptor: Descriptor,
): void {
  if (name === undefined) return;
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [descriptor]);
  else list.push(descriptor);
}

function atPlace({ index }: Lookup, place: number, label: string): Descriptor {
  const { length } = index.entries;
  const found = index.entries[place]?.descriptor;
  if (found !== undefined) return found;
  throw new AppError('MANIFEST_UNKNOWN', `${label} has no image @${place}`, {
    hint: length === 0 ? 'It holds no images.' : `Its images are @0 to @${length - 1}.`,
  });
}

function defaultOf(lookup: Lookup, label: string): Descriptor {
  const images = [...lookup.byDigest.values()].filter((one) => !isCosignExtra(one));
  const [only, ...more] = images;
  return only !== undefined && more.length === 0
    ? only
    : tagged(lookup, 'latest', undefined, label);
}

function tagged(lookup: Lookup, tag: string, ref: string | undefined, label: string): Descriptor {
  const [first, ...more] = lookup.byTag.get(tag) ?? lookup.byFullName.get(inFull(tag)) ?? [];
  if (first === undefined) throw unknown(lookup, ref, label);
  if (more.every(({ digest }) => digest === first.digest)) return first;
  throw new AppError('CORRUPT_LAYOUT', `${label} has several images with the tag "${tag}"`, {
    hint: `Name one by its digest: ${label}@DIGEST.`,
  });
}

/**
 * The full form of "alpine:3", as containerd writes it; anything that is not an image name is
 * unchanged.
 */
function inFull(name: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch (error) {
    if (error instanceof AppError) return name;
    throw error;
  }
}

function unknown({ index, byTag }: Lookup, ref: string | undefined, label: string): AppError {
  const { length } = index.entries;
  if (length === 0) return new AppError('MANIFEST_UNKNOWN', `${label} holds no images`);
  const names = namesOf(byTag);
  return ref === undefined
    ? new AppError(
        'MANIFEST_UNKNOWN',
        `${label} holds ${length} images and none is tagged "latest"`,
        { hint: `${names} Name one: ${label}:TAG or ${label}@DIGEST.` },
      )
    : new AppError('MANIFEST_UNKNOWN', `${label} has no image tagged "${ref}"`, { hint: names });
}

function namesOf(byTag: Lookup['byTag']): string {
  if (byTag.size === 0) return 'It has no tags.';
  const shown: string[] = [];
  for (const tag of byTag.keys()) {
    if (shown.length === SHOWN_NAMES) break;
    shown.push(tag);
  }
  const more = byTag.size > SHOWN_NAMES ? `, and ${byTag.size - SHOWN_NAMES} more` : '';
  return `It has: ${shown.join(', ')}${more}.`;
}

/** Describes a manifest that only another manifest lists; its type is read from its bytes. */
export async function describeFile(
  path: string,
  digest: Digest,
  label: string,
): Promise<Descriptor> {
  return describeRawManifest(await readSmall(path, MAX_MANIFEST_BYTES), digest, label);
}

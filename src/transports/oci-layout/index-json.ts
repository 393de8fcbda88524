import type { Digest } from '../../oci/digest.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseDescriptor, type Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import { ambiguousMember, MANIFEST } from '../../oci/document-members.ts';
import { cosignTag } from './cosign-save.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';

/** The annotation that holds a tag (image-spec v1.1.1 annotations.md). */
export const REF_NAME = 'org.opencontainers.image.ref.name';

/** The full name of an image as containerd and Docker's exports write it. */
export const CONTAINERD_NAME = 'io.containerd.image.name';

type Json = Readonly<Record<string, unknown>>;

interface LayoutEntry {
  readonly descriptor: Descriptor;
  readonly tag: string | undefined;
  /** The JSON as read, so that members unknown to regctl survive a rewrite. */
  readonly json: Json;
}

/** The parsed `index.json` of a layout; immutable, changed by creating a new one. */
export interface LayoutIndex {
  readonly json: Json;
  readonly entries: readonly LayoutEntry[];
}

export const EMPTY_INDEX: LayoutIndex = {
  json: { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex },
  entries: [],
};

/** @throws AppError CORRUPT_LAYOUT naming `path` */
export function parseLayoutIndex(bytes: Uint8Array, path: string): LayoutIndex {
  const corrupt = (rule: string, cause?: unknown): AppError =>
    new AppError('CORRUPT_LAYOUT', `${path}: ${rule}`, {
      hint: 'The layout is damaged or cut short; write it again from its source.',
      ...(cause === undefined ? {} : { cause }),
    });
  const json = parseJsonStrict(bytes, 'CORRUPT_LAYOUT', path, MANIFEST);
  if (!isRecord(json)) throw corrupt('it is not a JSON object');
  if (json['schemaVersion'] !== 2) throw corrupt('schemaVersion is not 2');
  const ambiguous = ambiguousMember(json, 'index');
  if (ambiguous !== undefined) throw corrupt(ambiguous);
  const { manifests } = json;
  if (!Array.isArray(manifests)) throw corrupt('"manifests" is not a list');
  const entries = manifests.map((entry: unknown, i): LayoutEntry => {
    try {
      const descriptor = parseDescriptor(entry, `manifests[${i}]`);
      return { descriptor, tag: descriptor.annotations?.[REF_NAME], json: entry as Json };
    } catch (error) {
      throw corrupt(error instanceof Error ? error.message : `invalid manifests[${i}]`, error);
    }
  });
  const all = entries.map(({ descriptor }) => descriptor);
  return {
    json,
    entries: entries.map((one) => ({ ...one, tag: one.tag ?? cosignTag(one.descriptor, all) })),
  };
}

export function printLayoutIndex({ json, entries }: LayoutIndex): string {
  return JSON.stringify({ ...json, manifests: entries.map((entry) => entry.json) });
}

/**
 * The names of the images. containerd's exports may give images of several repositories the same
 * tag: such an image, and one without a tag, is listed under its full name.
 */
export function tagsOf(index: LayoutIndex): string[] {
  const digests = new Map<string, Digest>();
  const shared = new Set<string>();
  for (const { tag, descriptor } of index.entries) {
    if (tag === undefined) continue;
    if ((digests.get(tag) ?? descriptor.digest) !== descriptor.digest) shared.add(tag);
    digests.set(tag, descriptor.digest);
  }
  const names = index.entries.flatMap(({ tag, descriptor }) => {
    const full = descriptor.annotations?.[CONTAINERD_NAME];
    const name = tag === undefined || shared.has(tag) ? (full ?? tag) : tag;
    return name === undefined ? [] : [name];
  });
  return [...new Set(names)];
}

/**
 * Points tags to manifests. Removes the previous entries of the tags, and untagged entries with the
 * same digests.
 */
export function withTags(index: LayoutIndex, tags: ReadonlyMap<string, Descriptor>): LayoutIndex {
  if (tags.size === 0) return index;
  const tagged = new Set([...tags.values()].map(({ digest }) => digest));
  const kept = index.entries.filter(({ tag, descriptor }) =>
    tag === undefined ? !tagged.has(descriptor.digest) : !tags.has(tag),
  );
  const added = [...tags].map(([tag, descriptor]) => entryOf(descriptor, tag));
  return { ...index, entries: [...kept, ...added] };
}

/** Adds manifests without a tag, unless they are already listed. */
export function withEntries(index: LayoutIndex, some: readonly Descriptor[]): LayoutIndex {
  const listed = new Set(index.entries.map(({ descriptor }) => descriptor.digest));
  const missing = some.filter(({ digest }) => !listed.has(digest));
  if (missing.length === 0) return index;
  const added = missing.map((descriptor) => entryOf(descriptor, undefined));
  return { ...index, entries: [...index.entries, ...added] };
}

function entryOf(descriptor: Descriptor, tag: string | undefined): LayoutEntry {
  const { [REF_NAME]: _old, ...rest } = descriptor.annotations ?? {};
  const annotations = tag === undefined ? rest : { ...rest, [REF_NAME]: tag };
  const { annotations: _replaced, data: _embedded, ...plain } = descriptor;
  const json = { ...plain, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
  return { descriptor: json, tag, json };
}

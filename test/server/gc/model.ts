import type { Digest } from '../../../src/oci/digest.ts';
import { digestOf, hexOf } from '../../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../../src/oci/media-types.ts';
import { artifact, type Artifact } from '../client.ts';

/** What the model knows of one repository. */
export interface Repository {
  readonly blobs: Map<Digest, number>;
  readonly manifests: Map<Digest, number>;
  readonly tags: Map<string, Digest>;
}

/** What a manifest needs, by its digest. */
export interface Shape {
  readonly artifact: Artifact;
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
}

export interface Entry {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export function image(blobs: readonly Uint8Array[], subject: Artifact | undefined): Shape {
  const entries = blobs.map((data) => ({
    mediaType: 'application/vnd.test',
    digest: digestOf(data),
    size: data.byteLength,
  }));
  const [config, ...layers] = entries;
  const one = artifact({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config,
    layers,
    ...(subject === undefined ? {} : { subject: entryOf(subject) }),
  });
  return {
    artifact: one,
    blobs: entries.map(({ digest }) => digest),
    children: [],
    subject: subject?.digest,
  };
}

export function index(children: readonly Artifact[], subject: Artifact | undefined): Shape {
  const one = artifact({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: children.map(entryOf),
    ...(subject === undefined ? {} : { subject: entryOf(subject) }),
  });
  return {
    artifact: one,
    blobs: [],
    children: children.map(({ digest }) => digest),
    subject: subject?.digest,
  };
}

const entryOf = ({ mediaType, digest, raw }: Artifact): Entry => ({
  mediaType,
  digest,
  size: raw.byteLength,
});

export const fallbackTag = (digest: Digest): string => `sha256-${hexOf(digest)}`;

export interface Rules {
  readonly untagged: boolean;
  readonly orphans: boolean;
}

/** The manifests that must stay, as the manual words it: a fixed point over plain sets. */
export function keptManifests(
  { manifests, tags }: Repository,
  shapes: ReadonlyMap<Digest, Shape>,
  before: number,
  { untagged, orphans }: Rules,
): ReadonlySet<Digest> {
  const all = [...manifests.keys()];
  const shape = (digest: Digest): Shape => shapes.get(digest) as Shape;
  const plain = new Set(
    [...tags].filter(([tag]) => !tag.startsWith('sha256-')).map(([, to]) => to),
  );
  /** The subjects of a manifest, whether they are stored or not. */
  const subjects = (digest: Digest): Digest[] => {
    const own = shape(digest).subject;
    const named = [...tags].filter(([tag, to]) => to === digest && tag.startsWith('sha256-'));
    return [
      ...(own === undefined ? [] : [own]),
      ...named.map(([tag]) => tag.replace('-', ':') as Digest),
    ];
  };
  const isListed = (digest: Digest): boolean =>
    all.some((parent) => shape(parent).children.includes(digest));
  const isOrphan = (digest: Digest): boolean => {
    const refersTo = subjects(digest);
    return refersTo.length > 0 && !refersTo.some((one) => manifests.has(one));
  };
  const isSelected = (digest: Digest): boolean => {
    if (plain.has(digest)) return false;
    if (subjects(digest).length > 0) return orphans && isOrphan(digest);
    return untagged && !isListed(digest);
  };
  /** With all that they list, and all that refers to them. */
  const closure = (some: readonly Digest[]): Set<Digest> => {
    const found = new Set(some);
    for (let size = -1; size !== found.size;) {
      size = found.size;
      for (const digest of all) {
        const parents = all.filter((one) => shape(one).children.includes(digest));
        if ([...parents, ...subjects(digest)].some((one) => found.has(one))) found.add(digest);
      }
    }
    return found;
  };
  const mayGo = closure(all.filter(isSelected));
  const isRoot = (digest: Digest): boolean =>
    plain.has(digest) ||
    (manifests.get(digest) ?? 0) >= before ||
    !mayGo.has(digest) ||
    (isOrphan(digest) && !orphans);
  return closure(all.filter(isRoot));
}

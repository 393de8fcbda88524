import { isDigest } from '../oci/digest.ts';
import { parseReference } from '../reference/parse.ts';
import type { Location } from '../transports/types.ts';

/** Source and destination of a copy, which may be the same repository. */
export interface CopyLocations {
  readonly from: Location;
  readonly to: Location;
}

/** How a copy within one registry avoids sending blobs. */
export interface MountSources {
  readonly mountFrom?: () => readonly string[];
  readonly sameRepository?: boolean;
}

export function findMountSources({ from, to }: CopyLocations): MountSources {
  if (from.scheme !== 'docker' || to.scheme !== 'docker') return {};
  const source = parseReference(from.name);
  const destination = parseReference(to.name);
  if (source.registry !== destination.registry) return {};
  return source.repository === destination.repository
    ? { sameRepository: true }
    : { mountFrom: () => [source.repository] };
}

/** One image of a repository. */
export function locationOf(
  repository: Location,
  { ref, tag }: Pick<Location, 'ref' | 'tag'>,
): Location {
  const { scheme, name } = repository;
  const place = scheme === 'docker' ? name : `${scheme}:${name}`;
  const suffix = ref === undefined ? '' : `${isDigest(ref) ? '@' : ':'}${ref}`;
  return { ...repository, ref, tag, text: `${place}${suffix}` };
}

/** A converted image is not in the repository yet, even if the original is. */
export function withoutSameRepository(shared: MountSources, isConverted: boolean): MountSources {
  return isConverted ? { ...shared, sameRepository: false } : shared;
}

/** Container engines and the archives that they load. */
const SINGLE_IMAGES: ReadonlySet<string> = new Set([
  'docker-archive',
  'docker-daemon',
  'containers-storage',
]);

/** Whether a location can store an index and not only the image of one platform. */
export function holdsIndexes({ scheme }: Location): boolean {
  return !SINGLE_IMAGES.has(scheme);
}

const WITH_REFERRERS: ReadonlySet<string> = new Set(['docker', 'oci', 'oci-archive']);

/** Whether a location can hold what refers to an image: signatures, SBOMs. */
export function holdsReferrers({ scheme }: Location): boolean {
  return WITH_REFERRERS.has(scheme);
}

/** Whether a location is a container engine of this machine. */
export function isEngine({ scheme }: Location): boolean {
  return scheme === 'docker-daemon' || scheme === 'containers-storage';
}

/** Whether a location is standard input or output, which can be used only once. */
export function isPipe({ scheme, name }: Location): boolean {
  return scheme.endsWith('-archive') && name === '-';
}

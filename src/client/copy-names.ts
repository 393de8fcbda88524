import { AppError } from '../errors/app-error.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { DEFAULT_TAG } from '../reference/format.ts';
import { parseReference } from '../reference/parse.ts';
import type { ReadStore } from '../store/types.ts';
import { fullName } from '../transports/docker-archive/name.ts';
import { pinnedName } from '../transports/oci-layout/name.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { isEngine, isPipe, type CopyLocations } from './copy-locations.ts';

/**
 * The tag to write. Default: `latest` in a registry or engine, unless the destination has only a
 * digest; in a docker-archive, the name at the source.
 */
export async function destinationTagOf(
  { from, to }: CopyLocations,
  source: ReadStore,
  options: CallOptions,
): Promise<string | undefined> {
  if (to.tag !== undefined || to.ref !== undefined) return to.tag;
  if (to.scheme === 'docker-archive') return sourceName(from, source, options);
  return to.scheme === 'docker' || isEngine(to) ? DEFAULT_TAG : undefined;
}

/** What can change the digest of a copy. */
export interface PinnedFlags {
  readonly platforms: readonly Platform[];
  readonly conversion?: boolean | undefined;
}

/**
 * Checks, before anything is written, that the source has the digest in the destination's name.
 * Returns what to copy. @throws AppError USAGE
 */
export async function requirePinnedDigest(
  source: ReadStore,
  { from, to }: CopyLocations,
  flags: PinnedFlags,
  options: CallOptions,
): Promise<string | undefined> {
  const pinned = digestOfName(to);
  const ref = await sourceRefOf(source, from, flags, options);
  if (pinned === undefined) return ref;
  if (flags.platforms.length > 0) {
    throw new AppError('USAGE', 'a destination with a digest cannot be used for one platform', {
      hint: 'Name the image of that platform by its own digest, or give the destination a tag.',
    });
  }
  const known = ref !== undefined && isDigest(ref);
  const digest = known ? ref : (await source.resolve(ref, options)).digest;
  if (digest === pinned) return digest;
  throw new AppError('USAGE', `${from.text} has the digest ${digest}, not that of ${to.text}`, {
    hint: 'Leave the digest of the destination out, or copy the image that has it.',
  });
}

/** The digest in a name, with or without a tag. */
function digestOfName({ ref }: Location): Digest | undefined {
  if (ref === undefined) return undefined;
  return isDigest(ref) ? ref : pinnedName(ref)?.digest;
}

/** Replaces a digest by that of the converted image, as the name has the original's. */
async function sourceRefOf(
  source: ReadStore,
  { ref }: Location,
  { conversion, platforms }: PinnedFlags,
  options: CallOptions,
): Promise<string | undefined> {
  if (conversion !== true || ref === undefined || !isDigest(ref)) return ref;
  return platforms.length > 0 ? ref : (await source.resolve(ref, options)).digest;
}

/**
 * The name of an image in a docker-archive that is written without one: the name at the source, so
 * that `docker load` restores it. `undefined` if the source has no name either.
 */
export async function sourceName(
  from: Location,
  source: ReadStore,
  options: CallOptions,
): Promise<string | undefined> {
  const { scheme, ref, tag } = from;
  if (scheme === 'docker' || isEngine(from)) {
    const own = tag ?? (ref === undefined ? DEFAULT_TAG : undefined);
    const repository = repositoryOf(from);
    return own === undefined || repository === undefined ? undefined : `${repository}:${own}`;
  }
  const isUnnamed = tag === undefined && ref === undefined && !isPipe(from);
  const names = isUnnamed ? await firstNames(source, options) : [tag];
  const [only, ...others] = names;
  if (only === undefined || others.length > 0 || !/[:/]/u.test(only)) return undefined;
  return fullName(only) === undefined ? undefined : only;
}

async function firstNames(source: ReadStore, options: CallOptions): Promise<readonly string[]> {
  for await (const page of source.capabilities.tags?.tags(options) ?? []) return page;
  return [];
}

/** The repository of an image for a location of Docker: without Docker Hub's defaults. */
export function repositoryOf(from: Location): string | undefined {
  if (isEngine(from)) return isDigest(from.name) ? undefined : from.name;
  if (from.scheme !== 'docker') return undefined;
  const { registry, repository } = parseReference(from.name);
  return registry === 'docker.io' ? repository.replace(/^library\//u, '') : from.name;
}

import { AppError } from '../../errors/app-error.ts';
import { fullName, shortName } from '../../transports/docker-archive/name.ts';
import type { Location } from '../../transports/types.ts';
import { isEngine, type CopyLocations } from '../../client/copy-locations.ts';
import { repositoryOf } from '../../client/copy-names.ts';

/**
 * The tag in an image's name: archives and layouts use "app:v1" or "ghcr.io/o/app:v1@sha256:…"
 * where a registry uses "v1". A full name without a tag means "latest".
 */
export function tagOfName(name: string): string {
  const at = name.indexOf('@');
  const named = at > 0 ? name.slice(0, at) : name;
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon >= 0) return named.slice(colon + 1);
  return named.includes('/') ? 'latest' : named;
}

/** Whether a name is more than a tag: "ghcr.io/o/app:v1". */
function isFullName(name: string): boolean {
  return tagOfName(name) !== name;
}

/**
 * Returns a function that maps source tags to names at the destination. @throws AppError
 * UNSUPPORTED if the destination holds only one image; USAGE if a name is missing
 */
export function destinationTagNames({ from, to }: CopyLocations): (tag: string) => string {
  if (to.scheme === 'dir') {
    throw new AppError('UNSUPPORTED', `${to.text} holds only one image`, {
      hint: 'Copy the repository to an OCI layout: oci:DIR.',
    });
  }
  if ([from.scheme, to.scheme].includes('containers-storage')) {
    throw new AppError(
      'UNSUPPORTED',
      `cannot copy all tags: containers-storage takes one image at a time`,
      {
        hint: 'Copy them one by one, each with its tag.',
      },
    );
  }
  if (to.scheme === 'docker' || isEngine(to)) return tagOfName;
  const named = from.scheme === 'docker-archive';
  if (to.scheme !== 'docker-archive') return named ? tagOfName : (tag) => tag;
  if (named && to.ref === undefined) return (tag) => tag;
  if (to.ref === undefined && from.scheme !== 'docker' && !isEngine(from))
    return (tag) => (isFullName(tag) ? tag : needsName(to));
  const repository = to.ref === undefined ? repositoryOf(from) : withoutTag(to.ref);
  if (repository !== undefined) return (tag) => `${repository}:${tagOfName(tag)}`;
  return needsName(to);
}

function needsName(to: CopyLocations['to']): never {
  throw new AppError('USAGE', `images in ${to.text} need a name in addition to their tags`, {
    hint: `Add it after the file name: ${to.text}:NAME`,
  });
}

/** Completes bare tags for a docker-archive with the repository of the image's own name. */
export function additionalNames(
  { scheme }: Pick<Location, 'scheme'>,
  name: string | undefined,
  tags: readonly string[],
): readonly string[] {
  if (scheme !== 'docker-archive' || name === undefined) return tags;
  return tags.map((tag) => {
    const full = fullName(tag, name);
    return full === undefined ? tag : shortName(full);
  });
}

/** @throws AppError USAGE if two tags map to the same name */
export function requireDistinctNames(tags: readonly string[], name: (tag: string) => string): void {
  const seen = new Map<string, string>();
  for (const tag of tags) {
    const other = seen.get(name(tag));
    if (other !== undefined) {
      throw new AppError('USAGE', `"${other}" and "${tag}" would both be "${name(tag)}"`, {
        hint: 'Copy them one by one, each under a name of its own.',
      });
    }
    seen.set(name(tag), tag);
  }
}

function withoutTag(name: string): string {
  return name.slice(0, name.lastIndexOf(':'));
}

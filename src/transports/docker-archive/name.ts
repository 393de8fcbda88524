import { AppError } from '../../errors/app-error.ts';
import { parseReference } from '../../reference/parse.ts';
import { familiarName, formatReference, withDefaultTag } from '../../reference/format.ts';
import { isTag } from '../../reference/names.ts';
import type { Reference } from '../../reference/types.ts';
import type { Location } from '../types.ts';

/**
 * Parses `FILE`, `FILE:REF` or `FILE:@INDEX` as skopeo does: the file name ends at the first colon,
 * except the one of a Windows drive ("C:\a.tar"). A REF without a tag means `latest`.
 * @throws AppError INVALID_REFERENCE
 */
export function parseDockerArchiveName(rest: string): Location {
  const invalid = (rule: string): AppError =>
    new AppError('INVALID_REFERENCE', `invalid image name "docker-archive:${rest}": ${rule}`, {
      hint: 'Write docker-archive:FILE, docker-archive:FILE:NAME:TAG or docker-archive:FILE:@INDEX.',
    });
  if (rest.startsWith('//')) throw invalid('"docker-archive:" takes a file, not an address');
  if (/[\u0000-\u001f]/.test(rest)) throw invalid('a file has no control characters');
  const drive = /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0;
  const colon = rest.indexOf(':', drive);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? undefined : rest.slice(colon + 1);
  if (path === '') throw invalid('the file is missing');
  const base = { scheme: 'docker-archive', name: path, text: `docker-archive:${rest}` };
  if (name === undefined) return { ...base, ref: undefined, tag: undefined };
  if (/^@\d{1,9}$/.test(name)) return { ...base, ref: name, tag: undefined };
  if (name.startsWith('@')) throw invalid(`"${name}" is no index: images are counted from @0`);
  const reference = parseReference(name);
  if (reference.digest !== undefined) throw invalid('images in it have no digest by name');
  const ref = familiarName(withDefaultTag(reference));
  return { ...base, ref, tag: ref };
}

/**
 * The full name of an image in an archive, such as "docker.io/library/app:v1". A tag without a name
 * belongs to the repository of `sibling`. `undefined` if it is not a valid name.
 */
export function fullName(name: string, sibling?: string): string | undefined {
  try {
    if (sibling !== undefined && isTag(name) && !name.includes('/')) {
      return formatReference({ ...repositoryOf(sibling), tag: name });
    }
    return formatReference(withDefaultTag(parseReference(name)));
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** The short form that `docker save` writes and users type: "app:v1". */
export function shortName(full: string): string {
  return familiarName(parseReference(full));
}

function repositoryOf(name: string): Reference {
  const { registry, repository } = parseReference(name);
  return { registry, repository };
}

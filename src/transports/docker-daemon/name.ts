import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { DEFAULT_TAG, familiarName } from '../../reference/format.ts';
import { parseReference } from '../../reference/parse.ts';
import type { Location } from '../types.ts';

const SCHEME = 'docker-daemon';

/**
 * Parses `NAME[:TAG]`, `NAME@DIGEST` or `sha256:ID` as skopeo does; a name without a tag means
 * `latest`.
 * @throws AppError INVALID_REFERENCE
 */
export function parseDockerDaemonName(rest: string): Location {
  if (isDigest(rest)) {
    return { scheme: SCHEME, name: rest, ref: rest, tag: undefined, text: `${SCHEME}:${rest}` };
  }
  if (rest === '' || rest.startsWith('//')) {
    throw new AppError(
      'INVALID_REFERENCE',
      `cannot read "${SCHEME}:${rest}": the name is missing`,
      {
        hint: `Write ${SCHEME}:NAME[:TAG] or ${SCHEME}:sha256:ID; --daemon-host names another daemon.`,
      },
    );
  }
  const { registry, repository, tag, digest } = parseReference(rest);
  const name = familiarName({ registry, repository });
  const suffix = digest === undefined ? `:${tag ?? DEFAULT_TAG}` : `@${digest}`;
  return {
    scheme: SCHEME,
    name,
    ref: digest ?? tag,
    tag,
    text: `${SCHEME}:${name}${suffix}`,
  };
}

/** The daemon's name for the image of a location. */
export function imageNameOf({ text }: Pick<Location, 'text'>): string {
  return text.slice(SCHEME.length + 1);
}

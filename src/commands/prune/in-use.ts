import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { RepositoryFacts } from '../../retention/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readNames } from '../input/image-list.ts';

/** Images in use: digests in any repository, and images by name. */
export interface InUse {
  readonly digests: readonly Digest[];
  readonly images: readonly Location[];
}

/** Prefixes that container engines put before image names. */
const PREFIX = /^(?:docker-pullable|docker|containerd|cri-o):\/\//u;

/**
 * Reads lists of images, one per line: NAME:TAG, NAME@DIGEST or a digest; skips empty lines and
 * lines that start with "#". Fails on any other line, as it may name a running image.
 * @throws AppError USAGE, IO
 */
export async function readInUse(
  context: Pick<Context, 'cwd' | 'terminal' | 'locate'>,
  files: readonly string[],
  options: CallOptions,
): Promise<InUse> {
  const digests: Digest[] = [];
  const images: Location[] = [];
  for (const file of files) {
    for (const { name: written, where } of await readNames(context, file, options)) {
      const name = written.replace(PREFIX, '');
      if (isDigest(name)) digests.push(name);
      else images.push(locateLine(context, name, where));
    }
  }
  return { digests, images };
}

function locateLine({ locate }: Pick<Context, 'locate'>, name: string, where: string): Location {
  try {
    return locate(name);
  } catch (error) {
    throw new AppError('USAGE', `cannot read ${where}: "${sanitize(name)}" is no image`, {
      hint: 'Write one image a line, as NAME:TAG, NAME@DIGEST or sha256:….',
      cause: error,
    });
  }
}

/** The digests in use that belong to one repository. */
export function inUseOf({ digests, images }: InUse, place: Location, facts: RepositoryFacts) {
  const found = new Set<Digest>(digests);
  for (const image of images) {
    if (image.scheme !== place.scheme || image.name !== place.name) continue;
    const { ref = 'latest', tag } = image;
    if (isDigest(ref)) found.add(ref);
    const byTag = facts.tags.get(tag ?? ref);
    if (byTag !== undefined) found.add(byTag);
  }
  return found;
}

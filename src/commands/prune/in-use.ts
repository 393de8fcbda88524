import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { RepositoryFacts } from '../../retention/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';

/** What a list of running images names: digests wherever they are, and images by their names. */
export interface InUse {
  readonly digests: readonly Digest[];
  readonly images: readonly Location[];
}

const MAX_BYTES = 16 * 1024 * 1024;

/** How container engines write what they run. */
const PREFIX = /^(?:docker-pullable|docker|containerd|cri-o):\/\//u;

/**
 * Reads lists of images, one a line: NAME:TAG, NAME@DIGEST or a digest; empty lines and lines that
 * begin with "#" are left out. A line that cannot be understood is an error: it may be what runs.
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
    const text = await readLines(context, file, options);
    for (const [at, line] of text.split(/\r?\n/u).entries()) {
      const name = line.trim().replace(PREFIX, '');
      if (name === '' || name.startsWith('#')) continue;
      if (isDigest(name)) digests.push(name);
      else images.push(locateLine(context, name, `${file}:${at + 1}`));
    }
  }
  return { digests, images };
}

async function readLines(
  { cwd, terminal }: Pick<Context, 'cwd' | 'terminal'>,
  file: string,
  options: CallOptions,
): Promise<string> {
  if (file === '-') return terminal.readStdin(MAX_BYTES, options);
  try {
    return await readFile(resolve(cwd, file), { encoding: 'utf8', signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new AppError('IO', `cannot read ${file}: the list of images in use`, { cause: error });
  }
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

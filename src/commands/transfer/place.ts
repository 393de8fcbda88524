import { AppError } from '../../errors/app-error.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { isDigest } from '../../oci/digest.ts';
import { TRANSPORTS } from '../../transports/index.ts';
import type { Location } from '../../transports/types.ts';
import type { Context } from '../context.ts';

interface PlaceRequest {
  readonly verb: 'pull' | 'push';
  /** As typed. */
  readonly image: string;
  readonly place: string;
  readonly form?: string | undefined;
}

/**
 * The location of `pull IMAGE PLACE` and `push PLACE IMAGE`: a name with its transport, or an
 * archive file. Rejects other words, which may mean a repository of Docker Hub.
 * @throws AppError USAGE
 */
export function placeOf(
  { locate }: Pick<Context, 'locate'>,
  { verb, image, place, form }: PlaceRequest,
): Location {
  const scheme = /^([a-z][a-z-]*):/u.exec(place)?.[1];
  const isPlace = scheme !== 'docker' && TRANSPORTS.some((one) => one.scheme === scheme);
  if (isPlace) return locate(place);
  if (form === 'oci') return locate(`oci:${place}`);
  if (form !== undefined || /\.(?:tar|tar\.gz|tgz)$/iu.test(place))
    return locate(`docker-archive:${place}`);
  const isPull = verb === 'pull';
  const [archive, copy] = isPull
    ? [`pull ${image} docker-archive:${place}`, `copy ${image} ${place}`]
    : [`push docker-archive:${place} ${image}`, `copy ${place} ${image}`];
  throw new AppError('USAGE', `cannot ${verb} ${image}: "${place}" names no place`, {
    hint: `For a file write "regctl ${archive}", for a registry "regctl ${copy}".`,
  });
}

/** The image of the same name in the Docker daemon; with `allTags`, the whole repository. */
export function inDaemon(image: Location, allTags: boolean): Location {
  const name = image.name.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/u, '');
  const { ref, tag } = image;
  const base = { scheme: 'docker-daemon', name };
  if (allTags) return { ...base, ref: undefined, tag: undefined, text: `docker-daemon:${name}` };
  if (ref !== undefined && isDigest(ref) && tag === undefined)
    return { ...base, ref, tag, text: `docker-daemon:${name}@${ref}` };
  const own = tag ?? DEFAULT_TAG;
  return { ...base, ref: own, tag: own, text: `docker-daemon:${name}:${own}` };
}

/** @throws AppError USAGE if the image is not in a registry */
export function requireRegistry(image: Location, verb: string, written: string): void {
  if (image.scheme === 'docker') return;
  throw new AppError('USAGE', `cannot ${verb} "${written}": it is not in a registry`, {
    hint: `Copy between any two places: regctl copy ${image.text} …`,
  });
}

/** If no daemon was reached, hints at commands that need none; other errors stay unchanged. */
export function withoutDaemon(error: unknown, lines: readonly [string, string]): unknown {
  if (!(error instanceof AppError) || error.details?.['daemon'] === undefined) return error;
  const { code, message, details } = error;
  const hint = `Without a daemon: regctl ${lines[0]}, or: regctl ${lines[1]}`;
  return new AppError(code, message, { hint, details, cause: error.cause });
}

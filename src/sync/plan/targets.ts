import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Location } from '../../transports/types.ts';
import { mapName, nameBelow, type SourceName } from '../naming.ts';
import type { SyncPlaces } from '../places.ts';
import type { SyncJob } from '../types.ts';

/** Where one image of a job goes. */
interface Target {
  readonly target: Location;
  /** Absent for an image that is written only by its digest. */
  readonly tag: string | undefined;
}

/**
 * The target of a tag or digest of a job's repository; `name` is absent for a source that is not
 * in a registry. @throws AppError INVALID_REFERENCE, USAGE
 */
export function targetOf(
  places: SyncPlaces,
  job: SyncJob,
  name: SourceName | undefined,
  ref: string | undefined,
): Target {
  const { naming, target } = job;
  const base = target.replace(/\/+$/u, '');
  const tag = ref === undefined || isDigest(ref) ? undefined : ref;
  const suffix = naming.suffix ?? '';
  const mapped = name === undefined ? undefined : mapName(naming.map ?? [], name, tag);
  if (places.isDirectories(base)) {
    const below =
      name === undefined
        ? ''
        : (mapped?.name ??
          nameBelow({ ...naming, style: naming.style === 'exact' ? 'flat' : naming.style }, name));
    const end = ref === undefined ? '' : isDigest(ref) ? `@${ref}` : `:${mapped?.tag ?? ref}`;
    return { target: places.locate(`${base}/${below}${end}${suffix}`), tag: undefined };
  }
  if (mapped !== undefined) {
    return {
      target: withoutRef(places.locate(`${base}/${mapped.name}`)),
      tag: mapped.tag === undefined ? undefined : mapped.tag + suffix,
    };
  }
  if (naming.style === 'exact' && job.type !== 'registry') {
    const exact = places.locate(target);
    const own =
      job.type === 'image'
        ? (exact.tag ?? (exact.ref === undefined ? (naming.defaultTag ?? tag) : undefined))
        : tag;
    return {
      target: exact.scheme === 'docker' ? withoutRef(exact) : { ...exact, ref: undefined },
      tag: own === undefined ? undefined : own + suffix,
    };
  }
  if (name === undefined)
    throw new AppError('USAGE', `cannot name a copy of ${job.source} below ${target}`);
  if (naming.style === 'scoped' && name.host.includes(':')) {
    throw new AppError(
      'USAGE',
      `cannot name a copy of ${name.host}/${name.path}: a repository cannot have a port in it`,
      {
        hint: `Choose the name: --map '${name.host}/*=${name.host.replaceAll(':', '-')}/$1'`,
      },
    );
  }
  const below =
    job.type === 'registry' && naming.style === 'exact'
      ? belowPrefix(places, job, name)
      : nameBelow(naming, name);
  return {
    target: withoutRef(places.locate(`${base}/${below}`)),
    tag: tag === undefined ? (suffix === '' ? undefined : suffix) : tag + suffix,
  };
}

function belowPrefix(places: SyncPlaces, job: SyncJob, { path }: SourceName): string {
  const { prefix } = places.registryOf(job.source);
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}

/** The repository of an image. */
export function withoutRef(location: Location): Location {
  return { ...location, ref: undefined, tag: undefined, text: location.name };
}

import { AppError } from '../../errors/app-error.ts';
import type { Location } from '../../transports/types.ts';
import type { SourceName } from '../naming.ts';
import type { SyncPlaces } from '../places.ts';
import type { SyncJob } from '../types.ts';
import { targetOf } from './targets.ts';
import { nameOf, type PlannedRoute, type WantedImage } from './types.ts';

/** A repository of a job, and what of it is copied. */
export interface ChosenImages {
  readonly job: SyncJob;
  readonly source: Location;
  /** Absent for a source that is not in a registry. */
  readonly name: SourceName | undefined;
  readonly images: readonly WantedImage[];
  /** All tags of the source, if they were listed. */
  readonly sourceTags: readonly string[] | undefined;
}

interface OpenRoute {
  readonly target: Location;
  readonly images: WantedImage[];
  readonly keptTags: Set<string> | undefined;
}

/** Groups images by their targets. @throws AppError INVALID_REFERENCE, USAGE */
export function routesOf(
  places: SyncPlaces,
  { job, source, name, images, sourceTags }: ChosenImages,
): PlannedRoute[] {
  const byTarget = new Map<string, OpenRoute>();
  const at = (found: { readonly target: Location }): OpenRoute => {
    const key = `${found.target.scheme}:${found.target.name}`;
    const keptTags = job.delete === undefined ? undefined : new Set<string>();
    const route = byTarget.get(key) ?? { target: found.target, images: [], keptTags };
    byTarget.set(key, route);
    return route;
  };
  for (const { ref, tag } of images) {
    const found = targetOf(places, job, name, tag ?? ref);
    at(found).images.push({ ref, tag: found.tag });
  }
  for (const tag of job.delete === undefined ? [] : (sourceTags ?? [])) {
    const found = targetOf(places, job, name, tag);
    if (found.tag !== undefined) at(found).keptTags?.add(found.tag);
  }
  // A source without tags still has a target, which must not be emptied.
  if (byTarget.size === 0 && job.delete !== undefined) at(targetOf(places, job, name, undefined));
  return [...byTarget.values()].map((route) => ({ job, source, sourceTags, ...route }));
}

/** Merges equal wishes of two jobs, so that an image is copied once. */
export function mergeRoutes(routes: readonly PlannedRoute[]): PlannedRoute[] {
  const seen = new Set<string>();
  return routes.flatMap((route) => {
    const { source, target, job } = route;
    const images = route.images.filter(({ ref, tag }) => {
      const how = JSON.stringify([
        job.platforms,
        job.hostPlatform,
        job.referrers,
        job.digestTags,
        job.deep,
      ]);
      const key = `${source.scheme}:${source.name} ${ref} ${target.scheme}:${target.name} ${tag} ${how}`;
      return seen.size !== seen.add(key).size;
    });
    return images.length === 0 && route.images.length > 0 ? [] : [{ ...route, images }];
  });
}

/** @throws AppError USAGE that names both jobs */
export function rejectCollisions(routes: readonly PlannedRoute[]): void {
  const sources = new Map<string, string>();
  for (const { source, target, images } of routes) {
    for (const { ref, tag } of images) {
      if (tag === undefined && target.scheme !== 'dir') continue;
      const name = `${target.name}${tag === undefined ? '' : `:${tag}`}`;
      const from = nameOf(source, ref);
      const other = sources.get(name);
      if (other !== undefined && other !== from) {
        throw new AppError('USAGE', `cannot copy both ${other} and ${from} to ${name}`, {
          hint: 'Give them names of their own: --keep-path, --scoped or --map.',
        });
      }
      sources.set(name, from);
    }
  }
}

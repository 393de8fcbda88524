import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { isTag } from '../../reference/names.ts';
import type { Location } from '../../transports/types.ts';
import type { Context } from '../context.ts';

export type TargetContext = Pick<Context, 'cwd' | 'locate' | 'reference'>;

/** A place that the result is written to. */
export interface Target {
  readonly location: Location;
  /** None: it is written by its digest. */
  readonly tags: readonly string[];
}

/** Two names of one repository or directory have the same key. */
export function placeKey(
  { cwd, reference }: Omit<TargetContext, 'locate'>,
  { scheme, name }: Location,
): string {
  if (scheme !== 'docker') return `${scheme}:${resolve(cwd, name)}`;
  const { registry, repository } = reference(name);
  return `${registry}/${repository}`;
}

/**
 * The places that names stand for, those of one place together. A bare tag is in the place of
 * `home`. @throws AppError USAGE for a digest, INVALID_REFERENCE
 */
export function targetsOf(
  context: TargetContext,
  names: readonly string[],
  home: Location | undefined,
): readonly Target[] {
  const byPlace = new Map<string, Target>();
  for (const name of names) {
    const location = locateTarget(context, name, home);
    const key = placeKey(context, location);
    const { tags, location: first } = byPlace.get(key) ?? { tags: [], location };
    const tag = location.tag ?? (location.scheme === 'docker' ? DEFAULT_TAG : undefined);
    const all = tag === undefined || tags.includes(tag) ? tags : [...tags, tag];
    byPlace.set(key, { location: first, tags: all });
  }
  return [...byPlace.values()];
}

function locateTarget(
  { locate }: TargetContext,
  name: string,
  home: Location | undefined,
): Location {
  if (home !== undefined && isTag(name)) return withTag(home, name);
  const location = locate(name);
  if (location.ref === undefined || !isDigest(location.ref)) return location;
  throw new AppError(
    'USAGE',
    `cannot write ${location.text}: its digest is that of other content`,
    {
      hint: 'Name a tag; without one, the result is written by its own digest.',
    },
  );
}

/** The name of another tag in the same place. */
export function withTag(home: Location, tag: string): Location {
  const { scheme, name } = home;
  const place = scheme === 'docker' ? name : `${scheme}:${name}`;
  return { scheme, name, ref: tag, tag, text: `${place}:${tag}` };
}

/** `PLACE:TAG@DIGEST` for each tag, or `PLACE@DIGEST`. */
export function namesOf({ location, tags }: Target, digest: string): readonly string[] {
  const { scheme, name } = location;
  const place = scheme === 'docker' ? name : `${scheme}:${name}`;
  return tags.length === 0
    ? [`${place}@${digest}`]
    : tags.map((tag) => `${place}:${tag}@${digest}`);
}

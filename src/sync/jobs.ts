import { expandBraces } from './naming.ts';
import type { Naming, SyncJob } from './types.ts';

export interface PlacesForm {
  /** Whether a name has a tag or digest. @throws AppError INVALID_REFERENCE */
  readonly hasRef: (text: string) => boolean;
  /** How copies are named, if `standard` is what suits the places. */
  readonly naming: (standard: Naming['style']) => Naming;
  /** What every job has. */
  readonly settings: Partial<SyncJob>;
}

/** A directory or an archive, also with a slash at its end. */
const LAYOUT = /^(?:oci|dir|oci-archive|docker-archive):/u;

/** The jobs of "FROM… TO": one for each source, with braces expanded. */
export function jobsOf(
  sources: readonly string[],
  target: string,
  { hasRef, naming, settings }: PlacesForm,
): readonly SyncJob[] {
  const all = sources.flatMap(expandBraces);
  const isBelow =
    all.length > 1 || target.endsWith('/') || !/\/[^/]/u.test(target.replace(/^docker:\/\//u, ''));
  return all.map((source): SyncJob => {
    const isLayout = LAYOUT.test(source);
    const isRegistry = source.endsWith('/') && !isLayout;
    const type = isRegistry ? 'registry' : hasRef(source) ? 'image' : 'repository';
    return {
      where: source,
      type,
      source,
      target,
      naming: naming(isRegistry || !isBelow || isLayout ? 'exact' : 'flat'),
      tags: [],
      repos: {},
      skipDigestTags: true,
      ...settings,
    };
  });
}

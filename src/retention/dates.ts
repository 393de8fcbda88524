import { isPlaceholder } from '../oci/created.ts';
import type { Digest } from '../oci/digest.ts';
import type { ManifestFacts, RepositoryFacts, Time } from './types.ts';
import { isDigestTag } from '../tags/digest-tags.ts';

/** `auto`: the push time if the registry gives it, else the build time. */
export type Clock = 'auto' | 'pushed' | 'created';

export interface DateOptions {
  readonly clock: Clock;
  /** Trusts every date, also 1970, 1980 and one date shared by all images. */
  readonly assumeCreated: boolean;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/u;

/** Parses an RFC 3339 time to whole seconds; `undefined` for anything else, and for Go's year 0. */
export function parseTime(text: string | null | undefined): Time | undefined {
  if (typeof text !== 'string' || !RFC3339.test(text) || text.startsWith('0000')) return undefined;
  const time = Date.parse(text.replace(/\.\d+/u, ''));
  return Number.isNaN(time) ? undefined : time;
}

/** The dates of one repository's tags and manifests; `undefined` if there is none. */
export interface Dates {
  ofManifest(digest: Digest): Time | undefined;
  ofTag(tag: string): Time | undefined;
}

/**
 * Determines dates. Reproducible builds write no real one: 1970, 1980 or one `SOURCE_DATE_EPOCH`
 * for all. Such a date does not count, and an image without a date is young (issue 22). Order of
 * trust: the push, the annotation of the manifest, the configuration, and for an index its newest
 * child, attestations excluded.
 */
export function createDates(facts: RepositoryFacts, options: DateOptions): Dates {
  const { manifests, tags, tagPushed } = facts;
  const { clock, assumeCreated } = options;
  const valid = (time: Time | undefined): Time | undefined =>
    time !== undefined && (assumeCreated || !isPlaceholder(time)) ? time : undefined;
  const first = (...texts: readonly (string | undefined)[]): Time | undefined => {
    for (const text of texts) {
      const time = valid(parseTime(text));
      if (time !== undefined) return time;
    }
    return undefined;
  };
  const attestations = new Set([...manifests.values()].flatMap((one) => one.attestations));
  const known = new Map<Digest, Time | undefined>();
  const created = (digest: Digest): Time | undefined => {
    const manifest = manifests.get(digest);
    if (manifest === undefined) return undefined;
    if (!known.has(digest)) known.set(digest, createdOf(manifest));
    return known.get(digest);
  };
  const createdOf = (manifest: ManifestFacts): Time | undefined => {
    const own = first(manifest.annotated, manifest.created);
    if (own !== undefined || !manifest.isIndex) return own;
    const times = manifest.children
      .filter((child) => !attestations.has(child))
      .map(created)
      .filter((time) => time !== undefined);
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
  };
  const builds = new Set(
    [...tags].filter(([tag]) => !isDigestTag(tag)).map(([, digest]) => digest),
  );
  const oneForAll = !assumeCreated && shareOneSecond([...builds].map(created));
  const built = (digest: Digest): Time | undefined =>
    clock === 'pushed' || (oneForAll && builds.has(digest)) ? undefined : created(digest);
  const pushed = (digest: Digest, tag?: string): Time | undefined =>
    clock === 'created'
      ? undefined
      : first(tag === undefined ? undefined : tagPushed.get(tag), manifests.get(digest)?.pushed);
  return {
    ofManifest: (digest) => pushed(digest) ?? built(digest),
    ofTag(tag) {
      const digest = tags.get(tag);
      return digest === undefined ? undefined : (pushed(digest, tag) ?? built(digest));
    },
  };
}

function shareOneSecond(times: readonly (Time | undefined)[]): boolean {
  const dated = times.filter((time) => time !== undefined);
  return dated.length > 1 && new Set(dated).size === 1;
}

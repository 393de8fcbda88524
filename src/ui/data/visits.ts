import type { Digest } from '../../oci/digest.ts';
import type { PullAllowance, ReadStore } from '../../store/types.ts';
import type { Frame } from '../html.tsx';
import type { UiSources } from '../types.ts';
import type { TagRow } from './tag-rows.ts';

/** Repositories that are remembered for registries without a catalog. */
const MAX_SEEN = 100;
const LOGINS_MS = 60_000;
/** Images whose tags are remembered. */
const MAX_IMAGES = 5_000;

/** Moves of one tag that are remembered. */
const MAX_MOVES = 20;

/** A digest that a tag pointed to. Registries keep no such list. */
export interface TagMove {
  readonly digest: Digest;
  /** When it was first and last seen there, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** What the pages have learned while somebody looked at them. */
export interface Visits {
  /** Remembers a repository and what its registry said about its pull limit. */
  remember(repository: string, store: ReadStore): void;
  /** Repositories, the last one first. */
  seen(): readonly string[];
  /** Registries with a login or a repository that was opened. Never waits. */
  registries(): Frame['registries'];
  pullsLeft(registry: string): PullAllowance | undefined;
  /** Remembers which tags point to which digests. */
  rememberTags(repository: string, rows: readonly Pick<TagRow, 'digest' | 'tags'>[]): void;
  /** Remembers what one tag points to. */
  rememberTag(repository: string, tag: string, digest: Digest): void;
  /** What a tag was seen to point to, the last first. */
  historyOf(repository: string, tag: string): readonly TagMove[];
  /** Tags that pointed to a digest when the list of tags was read last. */
  tagsOf(repository: string, digest: Digest): readonly string[];
}

export interface VisitsOptions {
  readonly sources: Pick<UiSources, 'logins'>;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

export function createVisits({ sources, now, signal }: VisitsOptions): Visits {
  const seen = new Set<string>();
  const pulls = new Map<string, PullAllowance>();
  const tags = new Map<string, readonly string[]>();
  const moves = new Map<string, readonly TagMove[]>();
  let logins: readonly string[] = [];
  let readAt = -Infinity;
  const readLogins = async (): Promise<void> => {
    try {
      logins = await sources.logins({ signal });
    } catch {
      // The page of all registries reports why.
    }
  };
  const see = (name: string, digest: Digest): void => {
    const time = now().getTime();
    const [last, ...earlier] = moves.get(name) ?? [];
    moves.delete(name);
    if (last?.digest === digest) moves.set(name, [{ ...last, last: time }, ...earlier]);
    else {
      const known = last === undefined ? [] : [last, ...earlier];
      moves.set(name, [{ digest, first: time, last: time }, ...known].slice(0, MAX_MOVES));
    }
    dropOldest(moves, MAX_IMAGES);
  };
  return {
    remember(repository, store) {
      seen.delete(repository);
      seen.add(repository);
      dropOldest(seen, MAX_SEEN);
      const left = store.capabilities.pullAllowance?.last();
      if (left !== undefined) pulls.set(registryOf(repository), left);
    },
    seen: () => [...seen].toReversed(),
    registries() {
      // A helper program may list them, so pages show those of the last time.
      const time = now().getTime();
      if (time - readAt > LOGINS_MS) {
        readAt = time;
        void readLogins();
      }
      const names = new Set([...logins, ...[...seen].map(registryOf)]);
      return [...names].toSorted().map((name) => ({ name, isSignedIn: logins.includes(name) }));
    },
    pullsLeft: (registry) => pulls.get(registry),
    rememberTags(repository, rows) {
      for (const row of rows) {
        if (row.digest === undefined) continue;
        const key = `${repository}@${row.digest}`;
        tags.delete(key);
        tags.set(key, row.tags);
        dropOldest(tags, MAX_IMAGES);
        for (const tag of row.tags) see(`${repository}:${tag}`, row.digest);
      }
    },
    rememberTag: (repository, tag, digest) => see(`${repository}:${tag}`, digest),
    historyOf: (repository, tag) => moves.get(`${repository}:${tag}`) ?? [],
    tagsOf: (repository, digest) => tags.get(`${repository}@${digest}`) ?? [],
  };
}

function dropOldest(
  kept: Pick<Map<string, unknown>, 'size' | 'keys' | 'delete'>,
  max: number,
): void {
  const [oldest] = kept.keys();
  if (kept.size > max && oldest !== undefined) kept.delete(oldest);
}

function registryOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'));
}

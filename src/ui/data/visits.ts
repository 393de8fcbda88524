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
  let logins: readonly string[] = [];
  let readAt = -Infinity;
  const readLogins = async (): Promise<void> => {
    try {
      logins = await sources.logins({ signal });
    } catch {
      // The page of all registries reports why.
    }
  };
  return {
    remember(repository, store) {
      seen.delete(repository);
      seen.add(repository);
      const [oldest] = seen;
      if (seen.size > MAX_SEEN && oldest !== undefined) seen.delete(oldest);
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
        const key = `${repository}@${row.digest}`;
        tags.delete(key);
        tags.set(key, row.tags);
        const [oldest] = tags.keys();
        if (tags.size > MAX_IMAGES && oldest !== undefined) tags.delete(oldest);
      }
    },
    tagsOf: (repository, digest) => tags.get(`${repository}@${digest}`) ?? [],
  };
}

function registryOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'));
}

import type { Digest } from '../../oci/digest.ts';
import { goalOfTags } from '../../retention/goal.ts';
import { removeGoal } from '../../retention/run.ts';
import type { RepositoryFacts } from '../../retention/types.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { SyncPlaces } from '../places.ts';
import { nameOf } from '../plan/types.ts';
import { OVER_BUDGET, type ImageResult } from '../results.ts';
import type { SyncState } from '../state.ts';
import type { Expand } from '../templates.ts';
import { backUpImage } from '../transfer/backup.ts';
import type { SyncJob } from '../types.ts';

export interface DeleteOptions extends CallOptions {
  readonly places: SyncPlaces;
  readonly state: SyncState | undefined;
  readonly expand: Expand;
  readonly concurrency: number;
  /** Reports what a real run deletes; deletes nothing. */
  readonly dryRun: boolean;
  onImage(result: ImageResult): void;
}

/** Images because of which nothing is deleted from their repositories. */
export function incompleteOf(done: readonly ImageResult[]): readonly ImageResult[] {
  return done.filter(({ outcome, because }) => outcome === 'failed' || because === OVER_BUDGET);
}

/** Tags of a repository that are deleted. */
export interface Doomed {
  readonly job: SyncJob;
  readonly target: Location;
  readonly going: ReadonlySet<string>;
  readonly store: ReadStore;
  readonly facts: RepositoryFacts;
}

export function goneResult(target: Location, tag: string, digest: Digest | undefined): ImageResult {
  const name = nameOf(target, tag);
  const because = 'the source does not have it';
  return { source: name, destination: name, digest, outcome: 'deleted', because, bytes: 0 };
}

/** Saves and deletes tags; what stays needs nothing of them. */
export async function deleteTags(
  doomed: Doomed,
  options: DeleteOptions,
): Promise<readonly ImageResult[]> {
  const { target, going, store, facts } = doomed;
  const { concurrency, signal, state } = options;
  await backUpAll(doomed, options);
  const outcome = await removeGoal(store, facts, goalOfTags(facts, going), { concurrency, signal });
  for (const tag of outcome.tags) state?.forget(nameOf(target, tag));
  const results = [...going].map((tag): ImageResult => {
    const gone = goneResult(target, tag, facts.tags.get(tag));
    if (outcome.tags.has(tag)) return gone;
    const because = outcome.skipped.get(tag) ?? 'it could not be deleted';
    return { ...gone, outcome: 'skipped', because };
  });
  const [failure] = outcome.failures;
  if (failure === undefined) return results;
  return [
    ...results,
    {
      source: failure.what,
      destination: failure.what,
      outcome: 'failed',
      because: 'failed',
      bytes: 0,
      error: failure.error,
    },
  ];
}

async function backUpAll(
  { job, target, going, store, facts }: Doomed,
  { places, expand, concurrency, signal }: DeleteOptions,
): Promise<void> {
  if (job.backup === undefined) return;
  await using destination: WriteStore = await places.openWrite(target, { signal });
  for (const tag of going) {
    const digest = facts.tags.get(tag);
    if (digest === undefined) continue;
    const existing = await store.resolve(digest, { signal });
    await backUpImage(
      { job, target, tag, existing, destination, places, expand, concurrency },
      { signal },
    );
  }
}

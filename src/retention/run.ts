import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isIndexType } from '../oci/media-types.ts';
import { fetchManifest } from '../store/manifests.ts';
import type { ReadStore, Remover } from '../store/types.ts';
import { resolveOrGone } from '../tags/find.ts';
import type { CallOptions } from '../util/abort.ts';
import { mapParallel } from '../util/parallel.ts';
import { removalFor, type Goal } from './goal.ts';
import { Graph } from './graph.ts';
import { orderOfRemoval, survivorsOf } from './protection.ts';
import { isGone, refreshed, removerOf, removeWithTags } from './removal.ts';
import type { RepositoryFacts } from './types.ts';

export interface RunOptions extends CallOptions {
  readonly concurrency: number;
  /** Called for each manifest and tag that is removed. */
  readonly onGone?: ((what: Gone) => void) | undefined;
}

/** `tags` were removed with the manifest; without `digest`, only the tags were removed. */
export interface Gone {
  readonly digest: Digest | undefined;
  readonly tags: readonly string[];
}

export type SkipReason = 'moved' | 'no-untag' | 'needed';

export interface RunOutcome {
  readonly manifests: ReadonlySet<Digest>;
  readonly tags: ReadonlySet<string>;
  readonly skipped: ReadonlyMap<string, SkipReason>;
  readonly failures: readonly { readonly what: string; readonly error: AppError }[];
}

/** Errors that end the run, because every further delete fails in the same way. */
const FATAL: ReadonlySet<string> = new Set([
  'UNSUPPORTED',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'REGISTRY_BLOCKED',
]);

/**
 * Removes a goal, and nothing else. All tags are read again first, and each once more just before
 * it is removed: everything that moved or was added since then stays, with all that it needs. If a
 * manifest cannot be deleted, its children stay. Order: referrers, tags, roots, children.
 * @throws AppError if the registry refuses deletes altogether; earlier removals were reported to
 * `onGone`
 */
export async function removeGoal(
  store: ReadStore,
  facts: RepositoryFacts,
  goal: Goal,
  options: RunOptions,
): Promise<RunOutcome> {
  const run = new Run(store, await refreshed(store, facts, options), goal, options);
  return run.all();
}

class Run {
  readonly #store: ReadStore;
  readonly #remover: Remover;
  readonly #graph: Graph;
  readonly #goal: Goal;
  readonly #options: RunOptions;
  readonly #tagsOf = new Map<Digest, string[]>();
  readonly #moved = new Set<string>();
  /** Manifests that stay although the goal includes them. */
  readonly #kept = new Set<Digest>();
  readonly #gone = new Set<Digest>();
  readonly #tags = new Set<string>();
  readonly #skipped = new Map<string, SkipReason>();
  readonly #failures: { what: string; error: AppError }[] = [];
  #untags = true;

  constructor(store: ReadStore, facts: RepositoryFacts, goal: Goal, options: RunOptions) {
    this.#store = store;
    this.#remover = removerOf(store);
    this.#graph = new Graph(facts);
    this.#goal = goal;
    this.#options = options;
    for (const [tag, digest] of facts.tags) {
      this.#tagsOf.set(digest, [...(this.#tagsOf.get(digest) ?? []), tag]);
      const planned = goal.tags.get(tag);
      if (planned !== undefined && planned !== digest) this.#moved.add(tag);
    }
  }

  async all(): Promise<RunOutcome> {
    await this.#removeTags();
    await this.#removeManifests();
    // If a manifest turned out to be needed, its tags are still removed.
    await this.#removeTags();
    for (const tag of this.#moved) this.#skipped.set(tag, 'moved');
    for (const [tag, digest] of this.#goal.tags) {
      const settled = this.#tags.has(tag) || this.#gone.has(digest) || this.#skipped.has(tag);
      if (!settled && this.#graph.tags.has(tag)) this.#skipped.set(tag, 'needed');
    }
    return {
      manifests: this.#gone,
      tags: this.#tags,
      skipped: this.#skipped,
      failures: this.#failures,
    };
  }

  /** The manifests to delete, by current knowledge. */
  #dead(): Set<Digest> {
    const circumstances = { moved: this.#moved, kept: this.#kept };
    const alive = survivorsOf(this.#graph, removalFor(this.#goal, this.#graph, circumstances));
    const rest = [...this.#graph.manifests.keys()].filter((digest) => !this.#gone.has(digest));
    return new Set(rest.filter((digest) => !alive.has(digest)));
  }

  #each<T>(items: readonly T[], task: (item: T, call: CallOptions) => Promise<void>) {
    const { concurrency, signal } = this.#options;
    return mapParallel(items, concurrency, task, { signal });
  }

  /** Whether a tag is unchanged or gone. If it moved, its new target is kept from now on. */
  async #check(tag: string, call: CallOptions): Promise<boolean> {
    const planned = this.#goal.tags.get(tag);
    const root = await resolveOrGone(this.#store, tag, call);
    if (root === undefined || root.digest === planned) return true;
    this.#moved.add(tag);
    await this.#keep(root, call);
    return false;
  }

  /** Keeps a manifest and everything below it, which may be unknown so far. */
  async #keep(root: Descriptor, call: CallOptions): Promise<void> {
    this.#kept.add(root.digest);
    if (this.#graph.manifests.has(root.digest) || !isIndexType(root.mediaType)) return;
    const manifest = await fetchManifest(this.#store, root, call);
    if (manifest.kind !== 'index') return;
    for (const child of manifest.manifests) await this.#keep(child, call);
  }

  /**
   * Removes only the tag if its manifest stays; a tag that only holds referrers stays with its
   * subject.
   */
  async #removeTags(): Promise<void> {
    const dead = this.#dead();
    const alone = [...this.#goal.tags].filter(
      ([tag, digest]) => !dead.has(digest) && !this.#gone.has(digest) && this.#mayGo(tag, dead),
    );
    await this.#each(alone, async ([tag], call) => {
      if (!this.#untags) this.#skipped.set(tag, 'no-untag');
      else if (await this.#check(tag, call)) await this.#untag(tag, call);
    });
  }

  #mayGo(tag: string, dead: ReadonlySet<Digest>): boolean {
    if (this.#moved.has(tag) || this.#tags.has(tag) || this.#skipped.has(tag)) return false;
    if (this.#graph.tags.has(tag)) return true;
    const subject = this.#graph.subjectOf(tag);
    if (subject === undefined) return false;
    return this.#graph.digestTags.has(tag) && (dead.has(subject) || this.#gone.has(subject));
  }

  async #untag(tag: string, call: CallOptions): Promise<void> {
    try {
      await this.#remover.untag(tag, call);
      this.#tags.add(tag);
      this.#options.onGone?.({ digest: undefined, tags: [tag] });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'UNTAG_UNSUPPORTED') {
        this.#untags = false;
        this.#skipped.set(tag, 'no-untag');
      } else if (isGone(error)) {
        this.#tags.add(tag);
      } else {
        this.#fail(`:${tag}`, error);
      }
    }
  }

  async #removeManifests(): Promise<void> {
    for (let wave = this.#nextWave(); wave.length > 0; wave = this.#nextWave()) {
      await this.#each(wave, (digest, call) => this.#remove(digest, call));
    }
  }

  /**
   * Manifests that can be deleted at the same time: no remaining one to delete lists or refers to
   * them.
   */
  #nextWave(): Digest[] {
    const dead = this.#dead();
    const ordered = orderOfRemoval(this.#graph, dead);
    const free = ordered.filter((digest) => {
      const above = [...this.#graph.parentsOf(digest), ...this.#graph.referrersOf(digest)];
      return !above.some((one) => dead.has(one));
    });
    return free.length > 0 ? free : ordered.slice(0, 1);
  }

  async #remove(digest: Digest, call: CallOptions): Promise<void> {
    const tags = this.#tagsOf.get(digest) ?? [];
    for (const tag of tags) {
      if (this.#tags.has(tag) || (await this.#check(tag, call))) continue;
      this.#kept.add(digest);
      return;
    }
    try {
      const subject = this.#graph.manifests.get(digest)?.subject ?? null;
      await removeWithTags(this.#remover, digest, tags, { ...call, subject });
      this.#gone.add(digest);
      for (const tag of tags) this.#tags.add(tag);
      this.#options.onGone?.({ digest, tags });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#kept.add(digest);
      this.#fail(`@${digest}`, error);
    }
  }

  #fail(what: string, error: AppError): void {
    if (FATAL.has(error.code)) throw error;
    this.#failures.push({ what: `${this.#store.label}${what}`, error });
  }
}

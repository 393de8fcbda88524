import { AppError, CopyError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { algorithmOf, hexOf, type Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { isIndexType, isManifestType } from '../oci/media-types.ts';
import { fetchManifest } from '../store/manifests.ts';
import { IndexTraversal } from '../store/index-traversal.ts';
import type { ReadStore } from '../store/types.ts';
import { attributeTo, type CopySide, describeRef } from './engine/errors.ts';
import type { TaskGroup } from './engine/task-group.ts';
import type { Slots } from './engine/slots.ts';
import type { CopyRunOptions } from './types.ts';
import type { GraphCopy } from './engine/graph-copy.ts';

/** The referrers of one manifest, as the source lists them. */
interface Referred {
  readonly subject: Digest;
  readonly referrers: readonly Descriptor[];
}

export interface FoundReferrers {
  /** Referrers of images before referrers of referrers. */
  readonly referrers: readonly Referred[];
  /** Tags that cosign derives from a digest. */
  readonly tags: readonly string[];
}

/** More than any image has; a limit for a registry that never ends its list. */
const MAX_REFERRERS = 10_000;

/** Suffixes of cosign's tags for a digest: "sha256-<hex>.sig". */
const COSIGN_SUFFIXES: readonly string[] = ['sig', 'att', 'sbom'];

/** Copies signatures, SBOMs and attestations, which refer to an image. */
export class ReferrerCopier {
  readonly #run: CopyRunOptions;
  readonly #tasks: TaskGroup;
  readonly #graph: GraphCopy;
  readonly #slots: Slots;
  #sourceTags: Promise<ReadonlySet<string>> | undefined;

  constructor(run: CopyRunOptions, tasks: TaskGroup, slots: Slots, graph: GraphCopy) {
    this.#run = run;
    this.#tasks = tasks;
    this.#graph = graph;
    this.#slots = slots;
  }

  /** Finds the referrers of an image, of its children and of the referrers themselves. */
  async of(root: Descriptor, manifest: Manifest | undefined): Promise<FoundReferrers> {
    const traversal = new IndexTraversal(this.#run.source.label);
    const found = await this.#manifestsOf(root, manifest, traversal, 0);
    const subjects = [...new Set(found)];
    const { referrers: withReferrers, digestTags } = this.#run;
    const [referrers, tags] = await Promise.all([
      withReferrers === true ? this.#referrersOf(subjects) : [],
      digestTags === true ? this.#digestTags(subjects) : this.#cosignTags(subjects),
    ]);
    return { referrers, tags };
  }

  /**
   * Writes what the destination lacks, and returns whether it wrote anything. `copyTag` copies one
   * tag from the source and returns the same.
   */
  async write(
    { referrers, tags }: FoundReferrers,
    copyTag: (tag: string) => Promise<boolean>,
  ): Promise<boolean> {
    let isWritten = false;
    for (const { subject, referrers: wanted } of referrers) {
      const there = new Set((await this.#list('destination', subject)).map((one) => one.digest));
      const missing = wanted.filter((one) => !there.has(one.digest));
      await this.#tasks.each(missing, (one) => this.#copyReferrer(one));
      isWritten ||= missing.length > 0;
    }
    const written = await this.#tasks.each(tags, copyTag);
    return isWritten || written.includes(true);
  }

  /** Skips a referrer that was deleted after it was listed. */
  async #copyReferrer(referrer: Descriptor): Promise<void> {
    try {
      await this.#graph.copyReferrer(referrer);
    } catch (error) {
      if (!isGone(error, referrer)) throw error;
      const name = describeRef(this.#run.source, referrer.digest);
      this.#run.emit({ type: 'warning', text: `${name} is listed as a referrer, but is gone` });
    }
  }

  async #manifestsOf(
    root: Descriptor,
    manifest: Manifest | undefined,
    traversal: IndexTraversal,
    depth: number,
  ): Promise<Digest[]> {
    if (manifest?.kind !== 'index') return [root.digest];
    traversal.enter(manifest, depth);
    const { source } = this.#run;
    const below = await this.#tasks.all(
      manifest.manifests.map(async (child) => {
        if (!isManifestType(child.mediaType)) return [];
        if (!isIndexType(child.mediaType)) return [child.digest];
        if (!traversal.visit(child)) return [];
        const { signal } = this.#tasks;
        const inner = await this.#slots.on(
          'source',
          () =>
            attributeTo(
              'source',
              `cannot read ${describeRef(source, child.digest)}`,
              child.digest,
              () => fetchManifest(source, child, { signal }),
            ),
          signal,
        );
        return this.#manifestsOf(child, inner, traversal, depth + 1);
      }),
    );
    return [root.digest, ...below.flat()];
  }

  /** A signature may have referrers, too, so every referrer found is queried in turn. */
  async #referrersOf(subjects: readonly Digest[]): Promise<Referred[]> {
    const found: Referred[] = [];
    const asked = new Set<Digest>(subjects);
    const total = { count: 0 };
    for (let next = subjects; next.length > 0;) {
      const level = await this.#tasks.each(next, async (subject) => ({
        subject,
        referrers: await this.#list('source', subject, total),
      }));
      const some = level.filter(({ referrers }) => referrers.length > 0);
      found.push(...some);
      const digests = some.flatMap(({ referrers }) => referrers.map((one) => one.digest));
      next = [...new Set(digests)].filter((digest) => !asked.has(digest));
      for (const digest of next) asked.add(digest);
    }
    return found;
  }

  /** `total` counts across several lists, which share one limit. */
  async #list(side: CopySide, subject: Digest, total = { count: 0 }): Promise<Descriptor[]> {
    const store = this.#run[side];
    const { referrers } = store.capabilities;
    if (referrers === undefined) return [];
    const { signal } = this.#tasks;
    return this.#slots.on(
      side,
      () =>
        attributeTo(
          side,
          `cannot list the referrers of ${describeRef(store, subject)}`,
          subject,
          async () => {
            const all: Descriptor[] = [];
            for await (const one of referrers.referrers(subject, { signal })) {
              if (!isManifestType(one.mediaType)) continue;
              all.push(one);
              total.count += 1;
              if (total.count > MAX_REFERRERS) throw tooMany(store);
            }
            return all;
          },
        ),
      signal,
    );
  }

  async #cosignTags(subjects: readonly Digest[]): Promise<string[]> {
    this.#sourceTags ??= this.#listTags();
    const known = await this.#sourceTags;
    return subjects
      .flatMap((digest) =>
        COSIGN_SUFFIXES.map((suffix) => `${algorithmOf(digest)}-${hexOf(digest)}.${suffix}`),
      )
      .filter((tag) => known.has(tag));
  }

  /** Finds all tags named after a digest, except the fallback tag of the referrers API. */
  async #digestTags(subjects: readonly Digest[]): Promise<string[]> {
    this.#sourceTags ??= this.#listTags();
    const known = await this.#sourceTags;
    const prefixes = subjects.map((digest) => `${algorithmOf(digest)}-${hexOf(digest)}`);
    return [...known].filter((tag) =>
      prefixes.some((prefix) => tag.startsWith(prefix) && tag !== prefix),
    );
  }

  async #listTags(): Promise<ReadonlySet<string>> {
    const { source, sourceTags } = this.#run;
    if (sourceTags !== undefined) return new Set(sourceTags);
    const { tags } = source.capabilities;
    if (tags === undefined) return new Set();
    return attributeTo('source', `cannot list the tags of ${source.label}`, undefined, async () => {
      const all = new Set<string>();
      for await (const page of tags.tags({ signal: this.#tasks.signal })) {
        for (const tag of page) if (tag.includes('-')) all.add(tag);
      }
      return all;
    });
  }
}

function isGone(error: unknown, { digest }: Descriptor): boolean {
  if (!(error instanceof CopyError) || error.code !== 'MANIFEST_UNKNOWN') return false;
  return error.side === 'source' && error.node === digest;
}

function tooMany({ label }: ReadStore): AppError {
  return new AppError(
    'RESPONSE_TOO_LARGE',
    `${label} lists more than ${MAX_REFERRERS} referrers of one image`,
    { hint: 'Copy without --referrers, and those that you need by their digests.' },
  );
}

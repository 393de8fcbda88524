import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { isIndexType, isManifestType } from '../oci/media-types.ts';
import { fetchManifest } from '../store/manifests.ts';
import type { ReadStore } from '../store/types.ts';
import { isDigestTag, subjectOfDigestTag } from '../tags/digest-tags.ts';
import { resolveOrGone, tagListerOf } from '../tags/find.ts';
import type { CallOptions } from '../util/abort.ts';
import { mapParallel } from '../util/parallel.ts';

export interface LookOptions extends CallOptions {
  /** Concurrent requests. */
  readonly concurrency: number;
}

/** Every tag of a repository and its target: one list, and one HEAD per tag. */
export type TagTargets = ReadonlyMap<string, Descriptor>;

/** The names of all tags of a repository. */
export async function readTagNames(
  store: ReadStore,
  { signal }: CallOptions,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const page of tagListerOf(store).tags({ signal })) {
    for (const tag of page) names.add(tag);
  }
  return names;
}

/**
 * Looks up the tags that `known` lacks.
 * @throws AppError if a tag cannot be looked up, because then dependencies are unknown
 */
export async function readTagTargets(
  store: ReadStore,
  names: ReadonlySet<string>,
  known: TagTargets,
  { concurrency, signal }: LookOptions,
): Promise<TagTargets> {
  const roots = await mapParallel(
    [...names],
    concurrency,
    async (tag, call) => [tag, known.get(tag) ?? (await resolveOrGone(store, tag, call))] as const,
    { signal },
  );
  return new Map(roots.flatMap(([tag, root]) => (root === undefined ? [] : [[tag, root]])));
}

/** An index that lists a manifest, and the tags that lead to it. */
export interface IndexAbove {
  readonly digest: Digest;
  readonly tags: readonly string[];
}

/** The indexes above a manifest, and how many indexes were read to find them. */
export interface Above {
  readonly indexes: readonly IndexAbove[];
  readonly read: number;
}

/**
 * Finds the indexes that list `digest`: tagged ones and those that a tagged one lists, at any
 * depth. Takes one GET per index; tags that only hold referrers are ignored.
 */
export async function indexesAbove(
  store: ReadStore,
  digest: Digest,
  targets: TagTargets,
  { concurrency, signal }: LookOptions,
): Promise<Above> {
  const leading = new Map<Digest, Set<string>>();
  const lists = new Map<Digest, readonly Descriptor[]>();
  let next: Descriptor[] = [];
  for (const [tag, root] of targets) {
    if (isDigestTag(tag) || !isIndexType(root.mediaType)) continue;
    if (!leading.has(root.digest)) next.push(root);
    leading.set(root.digest, (leading.get(root.digest) ?? new Set()).add(tag));
  }
  while (next.length > 0) {
    const read = await mapParallel(
      next,
      concurrency,
      async (index, call) => [index.digest, await readIndex(store, index, call)] as const,
      { signal },
    );
    for (const [parent, children] of read) lists.set(parent, children);
    const nested = read.flatMap(([, children]) => children.filter(isIndex));
    next = [...new Map(nested.map((one) => [one.digest, one])).values()].filter(
      (one) => !lists.has(one.digest),
    );
  }
  spreadTags(leading, lists);
  const above = [...lists].filter(([, children]) => children.some((one) => one.digest === digest));
  return {
    indexes: above.map(([parent]) => ({
      digest: parent,
      tags: [...(leading.get(parent) ?? [])],
    })),
    read: lists.size,
  };
}

const isIndex = (one: Descriptor): boolean => isIndexType(one.mediaType);

/** Reads what a listed index contains; nothing if it does not exist. */
async function readIndex(
  store: ReadStore,
  index: Descriptor,
  call: CallOptions,
): Promise<readonly Descriptor[]> {
  try {
    const manifest = await fetchManifest(store, index, call);
    return manifest.kind === 'index' ? manifest.manifests : [];
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return [];
    throw error;
  }
}

/** Adds the tags of an index to everything that it lists. */
function spreadTags(
  leading: Map<Digest, Set<string>>,
  lists: ReadonlyMap<Digest, readonly Descriptor[]>,
): void {
  const work = [...leading.keys()];
  for (let parent = work.pop(); parent !== undefined; parent = work.pop()) {
    for (const child of (lists.get(parent) ?? []).filter(isIndex)) {
      const tags = leading.get(child.digest) ?? new Set();
      const before = tags.size;
      for (const tag of leading.get(parent) ?? []) tags.add(tag);
      leading.set(child.digest, tags);
      if (tags.size > before) work.push(child.digest);
    }
  }
}

/** A manifest that refers to another, and the digest tags that point to it. */
export interface Attached {
  readonly digest: Digest;
  readonly tags: readonly string[];
}

/**
 * Finds the referrers of a manifest and theirs in turn, nearest first, by the referrers API, its
 * fallback tag and cosign's tags; without `targets` not by cosign's. Takes one request for each
 * manifest found.
 * @param nearest what refers to `digest` itself, if that is known already
 */
export async function attachedTo(
  store: ReadStore,
  digest: Digest,
  targets: TagTargets | undefined,
  { concurrency, signal }: LookOptions,
  nearest?: readonly Digest[],
): Promise<readonly Attached[]> {
  const names = targets && new Set(targets.keys());
  const byTag = [...(targets ?? [])].flatMap(([tag, { digest: target }]) => {
    const subject = subjectOfDigestTag(tag, [digest]);
    return subject === undefined ? [] : [{ tag, target, subject }];
  });
  const found = new Map<Digest, Set<string>>();
  const seen = new Set<Digest>([digest]);
  let next: readonly Digest[] = [digest];
  while (next.length > 0) {
    const lists = await mapParallel(
      next,
      concurrency,
      async (subject, call) =>
        (subject === digest ? nearest : undefined) ??
        listReferrers(store, subject, { ...call, tags: names }),
      { signal },
    );
    const here = new Set(next);
    const fresh = lists.flat();
    for (const { tag, target, subject } of byTag) {
      if (!here.has(subject)) continue;
      fresh.push(target);
      found.set(target, (found.get(target) ?? new Set()).add(tag));
    }
    for (const one of fresh) if (!found.has(one)) found.set(one, new Set());
    next = [...new Set(fresh)].filter((one) => !seen.has(one));
    for (const one of next) seen.add(one);
  }
  found.delete(digest);
  return [...found].map(([one, tags]) => ({ digest: one, tags: [...tags] }));
}

/**
 * Lists the manifests that refer to `subject`.
 * @param options `tags`: the names of all tags, if known; spares a look at a missing fallback tag
 */
export async function listReferrers(
  store: ReadStore,
  subject: Digest,
  options: CallOptions & { readonly tags?: ReadonlySet<string> | undefined },
): Promise<readonly Digest[]> {
  const { referrers } = store.capabilities;
  const found: Digest[] = [];
  if (referrers === undefined) return found;
  for await (const one of referrers.referrers(subject, options)) {
    if (isManifestType(one.mediaType)) found.push(one.digest);
  }
  return found;
}

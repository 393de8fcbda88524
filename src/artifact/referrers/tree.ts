import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { isAttestation } from '../../store/index-entries.ts';
import { IndexTraversal } from '../../store/index-traversal.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { mapParallel } from '../../util/parallel.ts';
import { describeListed, describeRead, needsReading } from './describe.ts';
import { buildkitReferrers, createReferrerFinder, type FinderOptions } from './finder.ts';
import type { DescribedReferrer, Referrer } from './types.ts';

/** A referrer and what refers to it in turn. */
export interface ReferrerNode extends DescribedReferrer {
  readonly referrers: readonly ReferrerNode[];
}

/** An image, what refers to it, and the images of an index. */
export interface SubjectNode {
  readonly descriptor: Descriptor;
  readonly platform?: Platform | undefined;
  readonly referrers: readonly ReferrerNode[];
  readonly children: readonly SubjectNode[];
}

/** What refers to an image, and how much of it is not known. */
export interface ReferrerTree {
  readonly root: SubjectNode;
  /** Referrers whose manifests would have to be read to know their type, but were not. */
  readonly unread: number;
}

export interface TreeOptions extends CallOptions, FinderOptions {
  /** Concurrent requests. */
  readonly concurrency: number;
  /** Levels of referrers: 1 without referrers of referrers. Default: all. */
  readonly depth?: number | undefined;
  /** The only images of an index to look at. Default: all. */
  readonly only?: ReadonlySet<Digest> | undefined;
  /** Manifests that are read because the list does not say what they are. Default 32. */
  readonly maxReads?: number | undefined;
}

/** Manifests of referrers that are read by default. */
export const MAX_READS = 32;

/**
 * Finds what refers to an image, to the images of an index and to the referrers found. A digest
 * appears once, nearest to the root, so a tree that refers to itself ends.
 */
export async function referrerTree(
  store: ReadStore,
  root: Descriptor,
  manifest: Manifest,
  options: TreeOptions,
): Promise<ReferrerTree> {
  const { concurrency, depth = Infinity, maxReads = MAX_READS, signal } = options;
  const finder = createReferrerFinder(store, options);
  const traversal = new IndexTraversal(store.label);
  const whole = await outlineOf(store, root, manifest, traversal, 0, { signal });
  const outline = options.only === undefined ? whole : pruned(whole, options.only);
  const subjects = subjectsOf(outline);
  const seen = new Set<Digest>(subjects);
  const found = new Map<Digest, readonly Referrer[]>();
  const built = subjects.length > 1 ? attestationsOf(outline) : [];
  for (let next = subjects, level = 0; next.length > 0 && level < depth; level += 1) {
    const lists = await mapParallel(
      next,
      concurrency,
      async (subject, call) => [subject, await finder.of(subject, call)] as const,
      { signal },
    );
    const fresh: Digest[] = [];
    for (const [subject, listed] of lists) {
      const own = level === 0 ? built.filter((one) => one.subject === subject) : [];
      const isNew = ({ descriptor }: Referrer): boolean =>
        !seen.has(descriptor.digest) && !!seen.add(descriptor.digest);
      const kept = [...listed, ...own].filter(isNew);
      found.set(subject, kept);
      for (const { descriptor } of kept) fresh.push(descriptor.digest);
    }
    next = fresh;
  }
  const all = [...found.values()].flat();
  const { described, unread } = await describeAll(store, all, { concurrency, maxReads, signal });
  const nodesOf = (subject: Digest): readonly ReferrerNode[] =>
    (found.get(subject) ?? []).map((one) => {
      const { digest } = one.descriptor;
      return { ...(described.get(digest) ?? describeListed(one)), referrers: nodesOf(digest) };
    });
  const subjectNode = ({ descriptor, children }: Outline): SubjectNode => ({
    descriptor,
    platform: descriptor.platform,
    referrers: nodesOf(descriptor.digest),
    children: children.map(subjectNode),
  });
  return { root: subjectNode(outline), unread };
}

/** An image or an index with its images; attestations are listed apart. */
interface Outline {
  readonly descriptor: Descriptor;
  readonly attestations: readonly Referrer[];
  readonly children: readonly Outline[];
}

async function outlineOf(
  store: ReadStore,
  descriptor: Descriptor,
  manifest: Manifest | undefined,
  traversal: IndexTraversal,
  depth: number,
  call: CallOptions,
): Promise<Outline> {
  if (manifest?.kind !== 'index') return { descriptor, attestations: [], children: [] };
  traversal.enter(manifest, depth);
  const attestations = buildkitReferrers(manifest);
  const children: Outline[] = [];
  for (const child of manifest.manifests) {
    if (!isManifestType(child.mediaType) || isAttestation(child)) continue;
    if (children.some((one) => one.descriptor.digest === child.digest)) continue;
    const isNested = isIndexType(child.mediaType) && traversal.visit(child);
    const inner = isNested ? await readNested(store, child, call) : undefined;
    children.push(await outlineOf(store, child, inner, traversal, depth + 1, call));
  }
  return { descriptor, attestations, children };
}

/** An index may list what was deleted. */
async function readNested(
  store: ReadStore,
  descriptor: Descriptor,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await fetchManifest(store, descriptor, call);
  } catch (error) {
    if (error instanceof AppError && error.code === 'MANIFEST_UNKNOWN') return undefined;
    throw error;
  }
}

/** Keeps the images in `only`, and the indexes above them. */
function pruned(outline: Outline, only: ReadonlySet<Digest>): Outline {
  const children = outline.children
    .map((child) => (only.has(child.descriptor.digest) ? child : pruned(child, only)))
    .filter((child) => only.has(child.descriptor.digest) || child.children.length > 0);
  return { ...outline, children };
}

function subjectsOf({ descriptor, children }: Outline): Digest[] {
  return [...new Set([descriptor.digest, ...children.flatMap(subjectsOf)])];
}

function attestationsOf({ attestations, children }: Outline): readonly Referrer[] {
  return [...attestations, ...children.flatMap(attestationsOf)];
}

interface ReadOptions extends CallOptions {
  readonly concurrency: number;
  readonly maxReads: number;
}

interface Described {
  readonly described: ReadonlyMap<Digest, DescribedReferrer>;
  readonly unread: number;
}

/** Reads the manifests whose list says too little: in parallel, and at most `maxReads`. */
async function describeAll(
  store: ReadStore,
  all: readonly Referrer[],
  { concurrency, maxReads, signal }: ReadOptions,
): Promise<Described> {
  const unclear = all.filter(needsReading);
  const read = await mapParallel(
    unclear.slice(0, maxReads),
    concurrency,
    (one, call) => readReferrer(store, one, call),
    { signal },
  );
  return {
    described: new Map(
      [...all.map(describeListed), ...read].map((one) => [one.descriptor.digest, one]),
    ),
    unread: Math.max(0, unclear.length - maxReads),
  };
}

/** Errors of one referrer that leave its type unknown: it is missing, damaged or of another kind. */
const UNSAID: ReadonlySet<string> = new Set([
  'MANIFEST_UNKNOWN',
  'INVALID_MANIFEST',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
]);

async function readReferrer(
  store: ReadStore,
  referrer: Referrer,
  call: CallOptions,
): Promise<DescribedReferrer> {
  try {
    return describeRead(referrer, await fetchManifest(store, referrer.descriptor, call));
  } catch (error) {
    if (error instanceof AppError && UNSAID.has(error.code)) return describeListed(referrer);
    throw error;
  }
}

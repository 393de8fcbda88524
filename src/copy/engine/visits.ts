import type { Manifest } from '../../oci/manifest.ts';
import { keyOf } from './nodes.ts';

/** How much one visit takes on trust. */
export interface TraversalPass {
  /** Whether a child manifest at the destination stands for its whole sub-graph. */
  readonly trustPresent: boolean;
  /** One promise per node, so that each moves once. */
  readonly visits: Map<string, Promise<void>>;
  /** Indexes whose entries are not among `visits` yet. */
  readonly unread: Set<Promise<void>>;
}

export function startPass(): TraversalPass {
  return { trustPresent: false, visits: new Map(), unread: new Set() };
}

/** A failed visit is forgotten: the next image that needs the node tries again. */
export function rememberVisit(
  { visits }: TraversalPass,
  key: string,
  visit: Promise<void>,
): Promise<void> {
  visits.set(key, visit);
  visit.catch(() => visits.delete(key));
  return visit;
}

/** Until the function that it returns is called, an index may still add visits. */
export function markUnread({ unread }: TraversalPass): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  unread.add(promise);
  return () => {
    unread.delete(promise);
    resolve();
  };
}

/**
 * Waits for what a manifest refers to, where that is copied as well: some registries refuse a
 * subject that they do not have (gitlab.com). It never waits in a circle, as each manifest that is
 * waited for is named by its hash in the one that waits.
 */
export async function subjectVisit(
  { subject }: Manifest,
  { visits, unread }: TraversalPass,
): Promise<void> {
  if (subject === undefined) return;
  const key = keyOf({ descriptor: subject, isManifest: true });
  while (!visits.has(key) && unread.size > 0) await Promise.race(unread);
  await visits.get(key);
}

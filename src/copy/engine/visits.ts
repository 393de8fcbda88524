import type { Manifest } from '../../oci/manifest.ts';
import { keyOf } from './nodes.ts';

/** The state of one traversal. */
export interface TraversalPass {
  /** Whether a child manifest at the destination counts for its whole subgraph. */
  readonly trustPresent: boolean;
  /** One promise per node, so that each is transferred once. */
  readonly visits: Map<string, Promise<void>>;
  /** Indexes whose entries are not among `visits` yet. */
  readonly unread: Set<Promise<void>>;
}

export function startPass(): TraversalPass {
  return { trustPresent: false, visits: new Map(), unread: new Set() };
}

/** Forgets a failed visit, so that the next image that needs the node tries again. */
export function rememberVisit(
  { visits }: TraversalPass,
  key: string,
  visit: Promise<void>,
): Promise<void> {
  visits.set(key, visit);
  visit.catch(() => visits.delete(key));
  return visit;
}

/** Marks an index that may still add visits, until the returned function is called. */
export function markUnread({ unread }: TraversalPass): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  unread.add(promise);
  return () => {
    unread.delete(promise);
    resolve();
  };
}

/**
 * Waits for the subject of a manifest if that is copied as well: some registries reject an unknown
 * subject (gitlab.com). No deadlock is possible, because each manifest contains the hash of the one
 * that it waits for.
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

import { AppError } from '../../errors/app-error.ts';
import type { ImageView } from '../../image/view.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { allReferrers } from './summary.ts';
import { referrerTree, type ReferrerNode } from './tree.ts';

export interface AttachedOptions extends CallOptions {
  /** All tags of the repository, if they were listed. */
  readonly tags?: ReadonlySet<string> | undefined;
  readonly concurrency: number;
  /** Manifests that are read to know their type. */
  readonly maxReads: number;
  /** Receives the reason if it could not look. */
  readonly warn: (text: string) => void;
}

/**
 * What refers to an image, and to the index that it was chosen from: one bounded look, without
 * referrers of referrers. `undefined` if the store refuses the look: the image can be shown
 * without.
 */
export async function attachedToView(
  store: ReadStore,
  { root, rootManifest, descriptor }: ImageView,
  { warn, ...options }: AttachedOptions,
): Promise<readonly ReferrerNode[] | undefined> {
  try {
    const only = new Set([descriptor.digest]);
    const tree = await referrerTree(store, root, rootManifest, { ...options, depth: 1, only });
    return allReferrers(tree.root);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    warn(`Referrers is null: ${error.message} (--no-referrers does not ask for them)`);
    return undefined;
  }
}

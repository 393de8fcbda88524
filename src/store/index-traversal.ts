import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { IndexManifest } from '../oci/manifest.ts';

/** Deeper nesting than any publisher uses; a limit against endless chains. */
export const MAX_INDEX_DEPTH = 16;

/** Total entries of an index and its nested indexes; one manifest can have 30 000. */
const MAX_INDEX_ENTRIES = 100_000;

/**
 * The indexes of one search. A repeated index is not searched again: sixteen levels of two equal
 * entries each would be 65 536 searches.
 */
export class IndexTraversal {
  readonly #label: string;
  readonly #seen = new Set<string>();
  #entries = 0;

  /** `label`: where the indexes come from. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Returns false for an index that was visited before. */
  visit({ digest }: Descriptor): boolean {
    if (this.#seen.has(digest)) return false;
    this.#seen.add(digest);
    return true;
  }

  /** @throws AppError INVALID_MANIFEST if the indexes together are too long or nested too deep */
  enter({ manifests }: IndexManifest, depth: number): void {
    if (depth >= MAX_INDEX_DEPTH) throw tooDeepError(this.#label);
    this.#entries += manifests.length;
    if (this.#entries <= MAX_INDEX_ENTRIES) return;
    throw new AppError(
      'INVALID_MANIFEST',
      `${this.#label} has nested indexes with more than ${MAX_INDEX_ENTRIES} manifests`,
    );
  }
}

export function tooDeepError(where: string): AppError {
  return new AppError(
    'INVALID_MANIFEST',
    `${where} has indexes nested deeper than ${MAX_INDEX_DEPTH} levels`,
  );
}

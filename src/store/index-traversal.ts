import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { IndexManifest } from '../oci/manifest.ts';

/** Deeper nesting of indexes than any publisher uses; a bound against endless chains. */
export const MAX_INDEX_DEPTH = 16;

/** Entries of an index and of those nested in it, together; one manifest has room for 30 000. */
const MAX_INDEX_ENTRIES = 100_000;

/**
 * The indexes of one search. An index that is listed again is not searched again: sixteen levels of
 * two equal entries each would be 65 536 searches.
 */
export class IndexTraversal {
  readonly #label: string;
  readonly #seen = new Set<string>();
  #entries = 0;

  /** `label`: where the indexes come from. */
  constructor(label: string) {
    this.#label = label;
  }

  /** False for one that was there before. */
  visit({ digest }: Descriptor): boolean {
    if (this.#seen.has(digest)) return false;
    this.#seen.add(digest);
    return true;
  }

  /** @throws AppError INVALID_MANIFEST when the indexes together are too long, or nested too deep */
  enter({ manifests }: IndexManifest, depth: number): void {
    if (depth >= MAX_INDEX_DEPTH) throw tooDeepError(this.#label);
    this.#entries += manifests.length;
    if (this.#entries <= MAX_INDEX_ENTRIES) return;
    throw new AppError(
      'INVALID_MANIFEST',
      `${this.#label}: nested indexes list more than ${MAX_INDEX_ENTRIES} manifests`,
    );
  }
}

export function tooDeepError(where: string): AppError {
  return new AppError(
    'INVALID_MANIFEST',
    `${where}: indexes are nested deeper than ${MAX_INDEX_DEPTH} levels`,
  );
}

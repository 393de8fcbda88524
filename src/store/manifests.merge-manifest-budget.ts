import { AppError } from '../errors/app-error.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Manifest } from '../oci/manifest.ts';
import { fetchManifest } from './manifests.ts';
import type { CallOptions, ReadStore } from './types.ts';

/** Bytes of manifests that are held at once; those of usual images have a few thousand each. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** Bounds the manifests in memory: an index of 4 MiB can name 30 000 others, of 4 MiB each. */
export class ManifestBudget {
  readonly #max: number;
  #held = 0;

  constructor(max: number = MAX_HELD_BYTES) {
    this.#max = max;
  }

  /** @throws AppError RESPONSE_TOO_LARGE, and what fetchManifest throws */
  async fetch(store: ReadStore, descriptor: Descriptor, options?: CallOptions): Promise<Manifest> {
    const manifest = await fetchManifest(store, descriptor, options);
    if (this.#held + descriptor.size > this.#max) {
      throw new AppError(
        'RESPONSE_TOO_LARGE',
        `${store.label}: its nested manifests exceed ${this.#max} bytes`,
        { hint: 'Images do not need as much; if you trust it, copy its parts by their digests.' },
      );
    }
    this.#held += descriptor.size;
    return manifest;
  }

  /** When a fetched one is done with. */
  release({ size }: Descriptor): void {
    this.#held -= size;
  }
}

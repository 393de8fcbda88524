import type { Descriptor } from '../oci/descriptor.ts';
import { isManifestType } from '../oci/media-types.ts';
import type { PushOutcome } from '../store/types.ts';
import type { CopyCounts, CopyEvent } from './types.ts';

/** Counts what a copy did while it tells of it. */
export class Tally {
  readonly #emit: (event: CopyEvent) => void;
  readonly #found = new Set<string>();
  readonly #blobs = { written: 0, mounted: 0, present: 0 };
  #sent = 0;
  #skipped = 0;

  constructor(emit: (event: CopyEvent) => void) {
    this.#emit = emit;
  }

  found(descriptor: Descriptor): void {
    if (this.#found.has(descriptor.digest)) return;
    this.#found.add(descriptor.digest);
    this.#emit({ type: 'found', descriptor });
  }

  start(descriptor: Descriptor): void {
    this.#emit({ type: 'start', descriptor });
  }

  bytes(descriptor: Descriptor, done: number): void {
    this.#emit({ type: 'bytes', descriptor, done });
  }

  end(descriptor: Descriptor, outcome: PushOutcome): void {
    const isManifest = isManifestType(descriptor.mediaType);
    if (!isManifest) this.#blobs[outcome] += 1;
    if (outcome === 'written') this.#sent += descriptor.size;
    else if (!isManifest) this.#skipped += descriptor.size;
    this.#emit({ type: 'end', descriptor, outcome });
  }

  /** A manifest that needed no transfer. */
  present(descriptor: Descriptor): void {
    this.#emit({ type: 'end', descriptor, outcome: 'present' });
  }

  counts(): CopyCounts {
    return {
      blobs: { ...this.#blobs },
      bytes: { sent: this.#sent, skipped: this.#skipped },
    };
  }
}

import type { Descriptor } from '../../oci/descriptor.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { PushOutcome } from '../../store/types.ts';
import type { CopyCounts, CopyEvent } from '../types.ts';

/** Counts the transfers of a copy, and emits its events. */
export class Counters {
  readonly #emit: (event: CopyEvent) => void;
  readonly #found = new Set<string>();
  /** Bytes that were actually sent, by node, from stores that report them. */
  readonly #told = new Map<string, number>();
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

  sent({ digest }: Descriptor, bytes: number): void {
    this.#told.set(digest, (this.#told.get(digest) ?? 0) + bytes);
  }

  end(descriptor: Descriptor, outcome: PushOutcome): void {
    const isManifest = isManifestType(descriptor.mediaType);
    if (!isManifest) this.#blobs[outcome] += 1;
    const { digest, size } = descriptor;
    const sent = outcome === 'written' ? (this.#told.get(digest) ?? size) : 0;
    this.#told.delete(digest);
    this.#sent += sent;
    if (!isManifest) this.#skipped += Math.max(0, size - sent);
    this.#emit({ type: 'end', descriptor, outcome });
  }

  /** Records a manifest that needed no transfer. */
  present(descriptor: Descriptor): void {
    this.#emit({ type: 'end', descriptor, outcome: 'present' });
  }

  /** Counts what is known to be there, without an event: nobody waits for it. */
  assumed({ mediaType, size }: Descriptor): void {
    if (isManifestType(mediaType)) return;
    this.#blobs.present += 1;
    this.#skipped += size;
  }

  counts(): CopyCounts {
    return {
      blobs: { ...this.#blobs },
      bytes: { sent: this.#sent, skipped: this.#skipped },
    };
  }
}

import type { Digest } from '../../oci/digest.ts';
import type { Verifier } from '../../store/verify.ts';

/**
 * Remembers the progress of blob reads, so that a new read from an offset continues near it with
 * the hash of the earlier bytes, and not at the start.
 */
export interface Checkpoints {
  /** Remembers the position of a read, once per MiB. */
  save(digest: Digest, verifier: Verifier): void;
  /** The last one at or before `offset`, to continue from. */
  latestBefore(digest: Digest, offset: number): Verifier | undefined;
  /** The blob was read to its end; kept for a while, because its reader may return. */
  markRead(digest: Digest): void;
  /** The bytes were not the blob's content: nothing continues from them. */
  discard(digest: Digest): void;
}

const EVERY = 1024 * 1024;
/** A read that goes back further than this many MiB starts over. */
const KEPT = 64;
/** A few more than are copied at a time. */
const DONE_KEPT = 16;

export function createCheckpoints(): Checkpoints {
  const noted = new Map<Digest, Verifier[]>();
  const done = new Set<Digest>();
  return {
    save(digest, verifier) {
      const list = noted.get(digest) ?? [];
      const last = list.at(-1)?.received ?? 0;
      if (verifier.received - last < EVERY) return;
      list.push(verifier.fork());
      if (list.length > KEPT) list.shift();
      noted.set(digest, list);
    },
    latestBefore: (digest, offset) =>
      noted
        .get(digest)
        ?.findLast(({ received }) => received <= offset)
        ?.fork(),
    discard(digest) {
      done.delete(digest);
      noted.delete(digest);
    },
    markRead(digest) {
      done.delete(digest);
      done.add(digest);
      for (const oldest of [...done].slice(0, -DONE_KEPT)) {
        done.delete(oldest);
        noted.delete(oldest);
      }
    },
  };
}

import type { Digest } from '../../oci/digest.ts';
import type { Verifier } from '../../store/verify.ts';

/**
 * How far readings of blobs came, so that reading one again from an offset continues near it with
 * the hash of all that came before, rather than at its start.
 */
export interface Checkpoints {
  /** Remembers where a reading is, once a megabyte. */
  save(digest: Digest, verifier: Verifier): void;
  /** The last one at or before `offset`, to go on from. */
  latestBefore(digest: Digest, offset: number): Verifier | undefined;
  /** The blob was read to its end: its reader may still come back, so it is not forgotten at once. */
  markRead(digest: Digest): void;
  /** What was read is not the blob's content: nothing goes on from there. */
  discard(digest: Digest): void;
}

const EVERY = 1024 * 1024;
/** A registry that took less than this much of what was sent makes the reading start over. */
const KEPT = 64;
/** As many as are copied at a time, and a few. */
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

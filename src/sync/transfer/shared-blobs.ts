import type { CopyRunOptions } from '../../copy/types.ts';

/** Mounting is tried from at most this many repositories; each costs a token and a request. */
const MAX_HOLDERS = 2;

/** Records which repositories of a registry have a blob or are receiving it. */
export interface BlobLedger {
  /**
   * Wraps the transfers to this repository: waits for a blob that another copy is sending, then
   * mounts it.
   */
  share(registry: string, repository: string): NonNullable<CopyRunOptions['shareBlob']>;
}

export function createBlobLedger(): BlobLedger {
  const holders = new Map<string, Set<string>>();
  const underWay = new Map<string, Promise<void>>();
  return {
    share: (registry, repository) => async (descriptor, transfer) => {
      const key = `${registry} ${descriptor.digest}`;
      for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
        await other.catch(() => undefined);
      }
      const known = holders.get(key) ?? new Set();
      const others = [...known].filter((one) => one !== repository).slice(0, MAX_HOLDERS);
      const moving = transfer(others);
      underWay.set(key, moving);
      try {
        await moving;
        holders.set(key, known.add(repository));
      } finally {
        underWay.delete(key);
      }
    },
  };
}

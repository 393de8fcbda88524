import type { Descriptor } from '../../oci/descriptor.ts';

/** Enough for a manifest that was resolved and is fetched, or tagged, next. */
const MAX_KEPT = 4;

/** Raw bytes of the last few manifests, so that resolve + fetch is one request. */
export interface ManifestCache {
  keep(descriptor: Descriptor, raw: Uint8Array): void;
  /** Only when the size agrees as well: the bytes were verified against the digest. */
  get(descriptor: Descriptor): Uint8Array | undefined;
}

export function createManifestCache(): ManifestCache {
  const kept = new Map<string, Uint8Array>();
  return {
    keep({ digest }, raw) {
      kept.delete(digest);
      kept.set(digest, raw);
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    },
    get({ digest, size }) {
      const raw = kept.get(digest);
      return raw?.byteLength === size ? raw : undefined;
    },
  };
}

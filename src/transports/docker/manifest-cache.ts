import type { Descriptor } from '../../oci/descriptor.ts';

/** A resolved manifest is fetched or tagged next, so keep as many as a copy works on at a time. */
const MAX_KEPT = 64;

/** Manifests are a few KiB; the largest allowed is 4 MiB. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Keeps the raw bytes of the last few manifests, so that resolve and fetch take one request. */
export interface ManifestCache {
  keep(descriptor: Descriptor, raw: Uint8Array): void;
  /** Returns the bytes only if the size matches too; they were verified against the digest. */
  get(descriptor: Descriptor): Uint8Array | undefined;
}

export function createManifestCache(): ManifestCache {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  const drop = (digest: string): void => {
    bytes -= kept.get(digest)?.byteLength ?? 0;
    kept.delete(digest);
  };
  return {
    keep({ digest }, raw) {
      drop(digest);
      kept.set(digest, raw);
      bytes += raw.byteLength;
      for (const oldest of kept.keys()) {
        if (kept.size === 1 || (kept.size <= MAX_KEPT && bytes <= MAX_KEPT_BYTES)) break;
        drop(oldest);
      }
    },
    get({ digest, size }) {
      const raw = kept.get(digest);
      return raw?.byteLength === size ? raw : undefined;
    },
  };
}

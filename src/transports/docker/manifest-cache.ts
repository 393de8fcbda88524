import type { Descriptor } from '../../oci/descriptor.ts';

/** A manifest that was resolved is fetched, or tagged, next; as many at a time as a copy works on. */
const MAX_KEPT = 64;

/** Manifests are a few KiB; the largest allowed have 4 MiB. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Raw bytes of the last few manifests, so that resolve + fetch is one request. */
export interface ManifestCache {
  keep(descriptor: Descriptor, raw: Uint8Array): void;
  /** Only when the size agrees as well: the bytes were verified against the digest. */
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

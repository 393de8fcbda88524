import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, digestOf } from '../../oci/digest.ts';

/** Larger embedded data is ignored and fetched instead. */
const MAX_EMBEDDED_BYTES = 1024 * 1024;

/**
 * Returns a descriptor's own `data` (image-spec v1.1.1 descriptor.md "Embedded Content") if it
 * matches the digest and size. Otherwise undefined, and the blob has to be fetched.
 */
export function embeddedContent(descriptor: Descriptor): Uint8Array | undefined {
  const { data, digest, size } = descriptor;
  if (data === undefined || size > MAX_EMBEDDED_BYTES) return undefined;
  if (data.length > Math.ceil(size / 3) * 4) return undefined;
  const bytes = Buffer.from(data, 'base64');
  const honest = bytes.byteLength === size && digestOf(bytes, algorithmOf(digest)) === digest;
  return honest ? bytes : undefined;
}

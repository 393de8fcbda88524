import { type Digest, algorithmOf, hexOf, isDigest } from '../../oci/digest.ts';

/** The member that holds a blob; built only from a validated digest. */
export function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The digest in a blob's name. */
export function digestOfName(name: string): Digest | undefined {
  const [, algorithm, hex] = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(name) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

import type { Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { RepositoryName, Tag } from '../names.ts';

/** Where the embedded registry keeps its content. Every repository sees only its own links. */
export interface Storage {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly manifests: ManifestStorage;
  /** Sorted by code unit; a repository exists while it has a blob or a manifest. */
  repositories(): Promise<readonly RepositoryName[]>;
  hasRepository(repository: RepositoryName): Promise<boolean>;
}

/** First and last byte, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface BlobStorage {
  /** Size in bytes; `undefined` when this repository has no link to the blob, or it is damaged. */
  size(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /**
   * Opens before it returns; `undefined` when the blob is gone. The caller drains or returns the
   * iterable. Bytes that are not the blob's are never passed on as the whole of it.
   * @throws DamagedContentError, also while it is read
   */
  read(repository: RepositoryName, digest: Digest, range?: ByteRange): Promise<Bytes | undefined>;
  /** Reads what it does not know. A link without content is damaged, too. */
  verify(repository: RepositoryName, digest: Digest): Promise<'intact' | 'damaged' | 'absent'>;
  /** Links a blob of `from` into `to`; false when `from` has no link to it. */
  mount(from: RepositoryName, to: RepositoryName, digest: Digest): Promise<boolean>;
  /** Removes this repository's link; false when there was none. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Sorted by code unit. */
  list(repository: RepositoryName): Promise<readonly Digest[]>;
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly offset: number }
  | { readonly kind: 'out-of-order'; readonly offset: number }
  | { readonly kind: 'unknown' };

export type FinishOutcome =
  | { readonly kind: 'stored'; readonly size: number }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'unknown' };

/** Upload sessions. One session takes one writer at a time; later ones wait. */
export interface UploadStorage {
  /** A new session's identifier, a UUID. */
  create(repository: RepositoryName): Promise<string>;
  /** Bytes received so far; `undefined` when the repository has no such session. */
  offset(repository: RepositoryName, id: string): Promise<number | undefined>;
  /**
   * Adds bytes at the end, but only if the session stands at offset `at` (when given). When `bytes`
   * throws, what arrived before stays, and the error is passed on.
   */
  append(repository: RepositoryName, id: string, bytes: Bytes, at?: number): Promise<AppendOutcome>;
  /** Verifies the digest, then makes the blob visible at once. The session ends either way. */
  finish(repository: RepositoryName, id: string, digest: Digest): Promise<FinishOutcome>;
  cancel(repository: RepositoryName, id: string): Promise<boolean>;
  /** Ends the sessions that nothing was added to since then; returns how many. */
  expire(before: Date): Promise<number>;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly raw: Uint8Array;
}

export interface ListedDigest {
  readonly digest: Digest;
  readonly pushed?: Date | undefined;
}

export interface ManifestStorage {
  /** @throws DamagedContentError when what is stored is not that manifest */
  get(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>;
  has(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Stores the manifest, then lists it under `subject`, then points `tags` at it. */
  put(
    repository: RepositoryName,
    manifest: StoredManifest,
    links: { readonly subject?: Digest | undefined; readonly tags: readonly Tag[] },
  ): Promise<void>;
  /** Removes the manifest and every tag that points at it; false when it is unknown. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
  resolve(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>;
  /** Removes only the tag; false if it is unknown. */
  untag(repository: RepositoryName, tag: Tag): Promise<boolean>;
  /** Sorted by code unit. `pushed` is when it was last written, where the storage knows. */
  list(repository: RepositoryName): Promise<readonly ListedDigest[]>;
  /** Sorted by code unit. */
  tags(repository: RepositoryName): Promise<readonly Tag[]>;
  /** Digests of the manifests whose `subject` is `digest`, sorted by code unit. */
  referrers(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]>;
}

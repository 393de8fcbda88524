import type { Digest } from '../../oci/digest.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { RepositoryName, Tag } from '../names.ts';

/** Where the embedded registry stores its data. A repository sees only its own links. */
export interface Storage {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly manifests: ManifestStorage;
  /** Sorted by code unit; a repository exists while it has a blob or a manifest. */
  repositories(): Promise<readonly RepositoryName[]>;
  /** Whether a repository has content. */
  hasRepository(repository: RepositoryName): Promise<boolean>;
}

/** First and last byte, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The blobs of a registry. */
export interface BlobStorage {
  /** Size in bytes; `undefined` if this repository has no link to the blob, or it is damaged. */
  size(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /**
   * Opens the blob before it returns; `undefined` if there is none. The caller drains or returns
   * the iterable. A damaged blob never ends like a complete one.
   * @throws DamagedContentError, also while the iterable is read
   */
  read(repository: RepositoryName, digest: Digest, range?: ByteRange): Promise<Bytes | undefined>;
  /** Reads the blob unless the result is cached. A link without a blob is also damaged. */
  verify(repository: RepositoryName, digest: Digest): Promise<'intact' | 'damaged' | 'absent'>;
  /** `size` as a promise to a push: gc spares the blob in this repository for its grace time. */
  renew(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /** Links a blob of `from` into `to`. Returns false if `from` has no link to it. Renews it. */
  mount(from: RepositoryName, to: RepositoryName, digest: Digest): Promise<boolean>;
  /** Removes this repository's link. Returns false if there is none. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Sorted by code unit. */
  list(repository: RepositoryName): Promise<readonly Digest[]>;
  /** Whether this repository's link was last written or renewed before a time. */
  isIdle(repository: RepositoryName, digest: Digest, before: Date): Promise<boolean>;
  /** Removes the link, but not the blob, if it is idle. Returns whether it was removed. */
  unlink(repository: RepositoryName, digest: Digest, before: Date): Promise<boolean>;
  /** Starts to observe which blobs are linked, so that the others can be removed. */
  sweep(): BlobSweep;
}

/** A blob and its size in bytes. */
export interface StoredBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly written: Date;
}

/** The removal of blobs without a link. Dispose it to stop observing. */
export interface BlobSweep extends Disposable {
  /** Every blob, with a link or without. */
  blobs(): Promise<readonly StoredBlob[]>;
  /**
   * Removes a blob that no repository linked when the caller looked; spares one that was linked
   * since the sweep started, or written since `before`. Returns whether it is gone.
   */
  remove(digest: Digest, before: Date): Promise<boolean>;
}

/** What became of a part of an upload. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly offset: number }
  | { readonly kind: 'out-of-order'; readonly offset: number }
  | { readonly kind: 'unknown' };

/** What became of an upload at its end. */
export type FinishOutcome =
  | { readonly kind: 'stored'; readonly size: number }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'unknown' };

/** An upload in progress. */
export interface UploadSession {
  readonly repository: RepositoryName;
  readonly id: string;
  /** Bytes received so far. */
  readonly size: number;
  /** When it last received something. */
  readonly touched: Date;
}

/** Upload sessions. One session takes one writer at a time; later ones wait. */
export interface UploadStorage {
  /** Opens a session. Returns its identifier, a UUID. */
  create(repository: RepositoryName): Promise<string>;
  /** Bytes received so far; `undefined` if the repository has no such session. */
  offset(repository: RepositoryName, id: string): Promise<number | undefined>;
  /**
   * Appends bytes, but only if the session is at offset `at` (when given). A chunk may be
   * gone once the next is asked for. If `bytes` throws, keeps what arrived before and passes the
   * error on.
   */
  append(repository: RepositoryName, id: string, bytes: Bytes, at?: number): Promise<AppendOutcome>;
  /** Verifies the digest and publishes the blob atomically. Ends the session in both cases. */
  finish(repository: RepositoryName, id: string, digest: Digest): Promise<FinishOutcome>;
  /** Bytes that were received; `undefined` if there is no such session, or no longer. */
  read(repository: RepositoryName, id: string, range: ByteRange): Promise<Bytes | undefined>;
  /** Ends an upload and drops what was sent. */
  cancel(repository: RepositoryName, id: string): Promise<boolean>;
  /** The open sessions, in no order. */
  list(): Promise<readonly UploadSession[]>;
  /** Ends the sessions that received nothing since `before`. Returns their number. */
  expire(before: Date): Promise<number>;
}

/** A manifest with its bytes. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly raw: Uint8Array;
}

/** A digest in a list. */
export interface ListedDigest {
  readonly digest: Digest;
  readonly pushed?: Date | undefined;
  /** The last push, or answer to a push that it is there. */
  readonly renewed: Date;
}

/** The manifests and tags of a registry. */
export interface ManifestStorage {
  /** @throws DamagedContentError if the stored bytes do not match the digest */
  get(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>;
  /** Whether the repository has the manifest. */
  has(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** `has` as a promise to a push: gc spares the manifest for its grace time. */
  renew(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Stores the manifest, then lists it under `subject`, then points `tags` to it. */
  put(
    repository: RepositoryName,
    manifest: StoredManifest,
    links: { readonly subject?: Digest | undefined; readonly tags: readonly Tag[] },
  ): Promise<void>;
  /** Removes the manifest and every tag that points to it. Returns false if it is unknown. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Removes what `choose` returns. Nobody else writes or renews manifests or tags meanwhile. */
  removeChosen(repository: RepositoryName, choose: () => Promise<readonly Digest[]>): Promise<void>;
  /** The digest of a tag; undefined: there is no such tag. */
  resolve(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>;
  /** Removes only the tag. Returns false if it is unknown. */
  untag(repository: RepositoryName, tag: Tag): Promise<boolean>;
  /** Sorted by code unit. `pushed` is the time of the last write, if the storage knows it. */
  list(repository: RepositoryName): Promise<readonly ListedDigest[]>;
  /** Sorted by code unit. */
  tags(repository: RepositoryName): Promise<readonly Tag[]>;
  /** Digests of the manifests whose `subject` is `digest`, sorted by code unit. */
  referrers(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]>;
}

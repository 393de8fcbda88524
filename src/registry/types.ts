import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type {
  OpenOptions,
  ListedManifest,
  BlobPart,
  PushOutcome,
  ReferrersOptions,
  ResolvePurpose,
  Source,
  TaggedDigest,
} from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';
import type { ResponseHeaders } from '../http/types.ts';

/** How the repository is used: decides the scope of its first request. */
export type Access = 'pull' | 'push' | 'delete';

export interface PutManifestOptions extends CallOptions {
  /** ETag of the tag's current manifest: the registry, if it can, refuses if that has changed. */
  readonly ifMatch?: string | undefined;
  /** Maximum waits for a registry that does not see the manifest's content yet. Default none. */
  readonly visibilityRetries?: number | undefined;
}

export interface HeadManifestOptions extends CallOptions {
  /** A GET confirms a 404 to the HEAD, because the absence has consequences. */
  readonly confirmAbsence?: boolean | undefined;
}

/** A manifest with its bytes. */
export interface ManifestResponse {
  readonly descriptor: Descriptor;
  readonly raw: Uint8Array;
  readonly headers: ResponseHeaders;
}

/** A manifest, with its bytes if they were sent. */
export type FoundManifest = Omit<ManifestResponse, 'raw'> & Partial<Pick<ManifestResponse, 'raw'>>;

/** The v2 API of one repository (distribution-spec v1.1.1); one method per endpoint, no policy. */
export interface Repository {
  readonly registry: string;
  readonly name: string;
  /** HEAD; falls back to GET if HEAD is rejected or incomplete. `undefined` on 404. */
  headManifest(ref: string, options?: HeadManifestOptions): Promise<FoundManifest | undefined>;
  /** @throws AppError MANIFEST_UNKNOWN, REPOSITORY_UNKNOWN, INVALID_MANIFEST, DIGEST_MISMATCH */
  getManifest(ref: string, options?: CallOptions): Promise<ManifestResponse>;
  /**
   * Sends a HEAD, or a GET with `raw`, depending on `purpose`, which is awaited after the
   * challenge. `undefined` on 404 to a HEAD. @throws like getManifest and `purpose`
   */
  findManifest(
    ref: string,
    purpose: Promise<ResolvePurpose>,
    options?: HeadManifestOptions,
  ): Promise<FoundManifest | undefined>;
  /** @throws RegistryError with status 412 if `ifMatch` is no longer the tag's ETag */
  putManifest(
    ref: string,
    raw: Uint8Array,
    mediaType: string,
    options?: PutManifestOptions,
  ): Promise<{ readonly digest: Digest; readonly subjectHandled: boolean }>;
  /** Deletes a manifest with all its tags. */
  deleteManifest(digest: Digest, options?: CallOptions): Promise<void>;
  /** @throws AppError UNTAG_UNSUPPORTED */
  deleteTag(tag: string, options?: CallOptions): Promise<void>;
  /** Asks for a blob by HEAD; undefined: the registry lacks it. */
  hasBlob(
    digest: Digest,
    options?: CallOptions,
  ): Promise<{ readonly size: number | undefined } | undefined>;
  /** Verified; resumes an interrupted download. @throws AppError BLOB_UNKNOWN, IntegrityError */
  getBlob(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes>;
  /** Not verified; `undefined` if the registry answers with another part, or the whole. */
  getBlobRange(
    descriptor: Descriptor,
    part: BlobPart,
    options?: CallOptions,
  ): Promise<Uint8Array | undefined>;
  /**
   * POST (trying each `mountFrom` first), then PUT. `probe`: whether the blob exists is unknown, so
   * that is checked and an existing blob is not sent.
   */
  putBlob(
    source: Source,
    options?: CallOptions & {
      mountFrom?: readonly string[] | undefined;
      onBytes?: ((sent: number) => void) | undefined;
      onSent?: ((bytes: number) => void) | undefined;
      probe?: boolean | undefined;
      verifyPresence?: boolean | undefined;
    },
  ): Promise<PushOutcome>;
  /**
   * Lists every manifest if the registry is `regctl serve`; no other has such a list.
   * @throws AppError UNSUPPORTED
   */
  manifests(options?: CallOptions): AsyncIterable<ListedManifest>;
  /** Lists tags, page by page. */
  tags(options?: ListOptions): AsyncIterable<readonly string[]>;
  /**
   * Tags with their digests, by an API of the registry's own.
   * @throws AppError UNSUPPORTED if it has none, or it cannot be read now
   */
  tagDigests(options?: CallOptions): AsyncIterable<readonly TaggedDigest[]>;
  /** Lists the descriptors of what refers to a manifest. */
  referrers(digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
  /** What the referrers API lists; `undefined` if the registry has no such API. */
  referrersByApi(digest: Digest, options?: CallOptions): Promise<readonly Descriptor[] | undefined>;
}

export interface ListOptions extends CallOptions {
  /** Entries per page; at most 1000. */
  readonly pageSize?: number | undefined;
  /** Only entries after this one in the registry's own order (distribution-spec `last`). */
  readonly last?: string | undefined;
}

/** A repository, and how it is used. */
export interface RepositoryOptions {
  /** "ghcr.io"; "docker.io" for Docker Hub. */
  readonly registry: string;
  /** "library/busybox" */
  readonly repository: string;
  readonly access: Access;
  /** ":tag", "@digest" or both, for a single image, because registries.conf may have a rule for it. */
  readonly suffix?: string | undefined;
  /** Repositories of the same registry to mount blobs from, so that the first token covers them. */
  readonly mountFrom?: readonly string[] | undefined;
}

/** The v2 API of registries. */
export interface RegistryClient {
  /** Sends nothing. @throws AppError INVALID_REFERENCE, REGISTRY_BLOCKED, UNSUPPORTED */
  repository(options: RepositoryOptions): Repository;
  /** Repository names, page by page. @throws AppError UNSUPPORTED if there is no catalog */
  catalog(registry: string, options?: ListOptions): AsyncIterable<readonly string[]>;
  /** GET /v2/ with the credentials of `registry`: succeeds if they are accepted. Used by login. */
  ping(registry: string, options?: CallOptions): Promise<void>;
}

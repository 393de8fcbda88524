import type { ReferrerTree } from '../../artifact/referrers/tree.ts';
import type { CopySummary } from '../../copy/types.ts';
import type { Inspection } from '../../image/describe.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Verdict } from '../../signing/types.ts';
import type { ReadStore, WriteStore } from '../../store/types.ts';
import type { ImageResult } from '../../sync/results.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { ReferrersCallOptions, VerifyCallOptions } from './attached.ts';
import type { SyncCallOptions, SyncFileOptions } from './sync-types.ts';
import type {
  CopyCallOptions,
  DeleteCallOptions,
  DeleteResult,
  InspectOptions,
  PushCallOptions,
  PushedFile,
  TagsOptions,
} from './types.ts';

/**
 * Lists, inspects, copies and deletes images. Image names are those of the command line: "alpine",
 * "ghcr.io/o/app:1", "oci:DIR:NAME". Every call takes an AbortSignal; an aborted one rejects with
 * the signal's reason. Any other failure is an AppError.
 */
export interface Client extends AsyncDisposable {
  /** Lists the tags of a repository, page by page, as they arrive. */
  tags(repository: string, options?: TagsOptions): AsyncIterable<string>;
  /** Finds out what a name points to: one request, which is no pull on Docker Hub. */
  resolve(image: string, options?: CallOptions): Promise<Descriptor>;
  /** Reads manifest, configuration and platforms; the members are those of `skopeo inspect`. */
  inspect(image: string, options?: InspectOptions): Promise<Inspection>;
  /**
   * Copies an image with all platforms. Sends only what the destination lacks, the tag last.
   * @throws CopyError naming the side that failed
   */
  copy(source: string, destination: string, options?: CopyCallOptions): Promise<CopySummary>;
  /**
   * Deletes an image. Refuses if another tag shares its digest or an index lists it.
   * @throws AppError TAG_SHARED, MANIFEST_LISTED, MANIFEST_UNKNOWN, UNTAG_UNSUPPORTED
   */
  delete(image: string, options?: DeleteCallOptions): Promise<DeleteResult>;
  /** Writes files as an artifact, as `oras push` does, and resolves to its descriptor. */
  push(
    image: string,
    files: readonly (PushedFile | Uint8Array)[],
    options?: PushCallOptions,
  ): Promise<Descriptor>;
  /** The tree of what refers to an image: signatures, SBOMs, provenance, and what refers to them. */
  referrers(image: string, options?: ReferrersCallOptions): Promise<ReferrerTree>;
  /**
   * Verifies signatures, or attestations of a type, with public keys or certificates of identities.
   * Resolves to all that were found, each with the reason why it does not count.
   * @throws AppError POLICY_REJECTED if none counts
   */
  verify(image: string, options: VerifyCallOptions): Promise<readonly Verdict[]>;
  /**
   * Copies repositories, several images at a time, as the command `sync` does. A source is a
   * repository, an image, or with a slash at its end all below a name. An image that fails has an
   * `error` in its result, and fails no other.
   * @throws AppError USAGE before anything is copied; POLICY_REJECTED
   */
  sync(
    source: string | readonly string[],
    target: string,
    options?: SyncCallOptions,
  ): Promise<readonly ImageResult[]>;
  /**
   * Does the jobs of a file of regctl, regsync or skopeo, once.
   * @throws AppError as `sync`; USAGE for a file that is not understood
   */
  syncFile(file: string, options?: SyncFileOptions): Promise<readonly ImageResult[]>;
  /** Opens the store that a name leads to, for what the other calls do not offer. */
  openRead(image: string, options?: CallOptions): Promise<ReadStore>;
  /** Opens the store that a name leads to for writing; `commit` ends it. */
  openWrite(image: string, options?: CallOptions): Promise<WriteStore>;
  /** Requests sent so far. */
  readonly requestCount: number;
}

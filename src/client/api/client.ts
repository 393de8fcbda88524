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
  /**
   * Lists the tags of a repository, page by page, as they arrive.
   * @example
   * for await (const tag of client.tags('alpine', { semver: '^3' })) console.log(tag);
   */
  tags(repository: string, options?: TagsOptions): AsyncIterable<string>;
  /**
   * Finds out what a name points to: one request, which is no pull on Docker Hub.
   * @example
   * const { digest } = await client.resolve('alpine:3.20');
   */
  resolve(image: string, options?: CallOptions): Promise<Descriptor>;
  /**
   * Reads manifest, configuration and platforms; the members are those of `skopeo inspect`.
   * @example
   * const { Platforms } = await client.inspect('nginx', { noTags: true });
   */
  inspect(image: string, options?: InspectOptions): Promise<Inspection>;
  /**
   * Copies an image with all platforms. Sends only what the destination lacks, the tag last.
   * @throws CopyError naming the side that failed
   * @example
   * await client.copy('alpine:3.20', 'registry.example.com/base/alpine:3.20', { referrers: true });
   */
  copy(source: string, destination: string, options?: CopyCallOptions): Promise<CopySummary>;
  /**
   * Deletes an image. Refuses if another tag shares its digest or an index lists it.
   * @throws AppError TAG_SHARED, MANIFEST_LISTED, MANIFEST_UNKNOWN, UNTAG_UNSUPPORTED
   * @example
   * const { tags } = await client.delete('registry.example.com/app:old', { dryRun: true });
   */
  delete(image: string, options?: DeleteCallOptions): Promise<DeleteResult>;
  /**
   * Writes files as an artifact, as `oras push` does, and resolves to its descriptor.
   * @example
   * const data = new TextEncoder().encode('{"coverage":93}');
   * await client.push('registry.example.com/app:report', [{ data, title: 'report.json' }]);
   */
  push(
    image: string,
    files: readonly (PushedFile | Uint8Array)[],
    options?: PushCallOptions,
  ): Promise<Descriptor>;
  /**
   * The tree of what refers to an image: signatures, SBOMs, provenance, and what refers to them.
   * @example
   * const { root } = await client.referrers('registry.example.com/app:1');
   * for (const { artifactType, kinds } of root.referrers) console.log(artifactType, kinds);
   */
  referrers(image: string, options?: ReferrersCallOptions): Promise<ReferrerTree>;
  /**
   * Verifies signatures, or attestations of a type, with public keys or certificates of identities.
   * Resolves to all that were found, each with the reason why it does not count.
   * @throws AppError POLICY_REJECTED if none counts
   * @example
   * import { readFile } from 'node:fs/promises';
   *
   * const key = await readFile('cosign.pub', 'utf8');
   * await client.verify('registry.example.com/app:1', { keys: [key] });
   * // Keyless:
   * await client.verify('ghcr.io/my-org/app:1', {
   *   identities: [
   *     {
   *       identity: { regexp: '^https://github.com/my-org/app/' },
   *       issuer: { exact: 'https://token.actions.githubusercontent.com' },
   *     },
   *   ],
   *   trustedRoot: await readFile('root.jsonl', 'utf8'),
   * });
   */
  verify(image: string, options: VerifyCallOptions): Promise<readonly Verdict[]>;
  /**
   * Copies repositories, several images at a time, as the command `sync` does. A source is a
   * repository, an image, or with a slash at its end all below a name. An image that fails has an
   * `error` in its result, and fails no other.
   * @throws AppError USAGE before anything is copied; POLICY_REJECTED
   * @example
   * const images = await client.sync(
   *   ['docker.io/library/alpine', 'docker.io/library/busybox'],
   *   'registry.example.com/mirror/',
   *   { semver: '>=3', newest: 5 },
   * );
   * for (const { destination, outcome, error } of images) console.log(destination, outcome, error);
   */
  sync(
    source: string | readonly string[],
    target: string,
    options?: SyncCallOptions,
  ): Promise<readonly ImageResult[]>;
  /**
   * Does the jobs of a file of regctl, regsync or skopeo, once.
   * @throws AppError as `sync`; USAGE for a file that is not understood
   * @example
   * await client.syncFile('regsync.yml', { dryRun: true });
   */
  syncFile(file: string, options?: SyncFileOptions): Promise<readonly ImageResult[]>;
  /**
   * Opens the store that a name leads to, for what the other calls do not offer.
   * @example
   * await using store = await client.openRead('alpine');
   * const { size } = await store.resolve('3.20');
   */
  openRead(image: string, options?: CallOptions): Promise<ReadStore>;
  /**
   * Opens the store that a name leads to for writing; `commit` ends it.
   * @example
   * await using store = await client.openWrite('oci:./layout');
   * await store.commit();
   */
  openWrite(image: string, options?: CallOptions): Promise<WriteStore>;
  /**
   * Requests sent so far.
   * @example
   * console.log(`${client.requestCount} requests`);
   */
  readonly requestCount: number;
}

/**
 * The library that the command line uses. Open a store from a transport or create one in memory;
 * `copyImage` copies an image between two stores. This module only re-exports.
 */
export { AppError, CopyError, IntegrityError, RegistryError } from './errors/app-error.ts';
export { EXIT_STATUS, type ErrorCode } from './errors/codes.ts';
export type { Descriptor } from './oci/descriptor.ts';
export { digestOf, isDigest, parseDigest, type Digest } from './oci/digest.ts';
export { childrenOf, parseManifest, type Manifest } from './oci/manifest.ts';
export { MEDIA_TYPE } from './oci/media-types.ts';
export { formatPlatform, parsePlatform, type Platform } from './oci/platform.ts';
export { parseReference } from './reference/parse.ts';
export { formatReference } from './reference/format.ts';
export type { Reference } from './reference/types.ts';
export { createMemoryStore } from './store/memory.ts';
export type { Capabilities, PushOutcome, ReadStore, Source, WriteStore } from './store/types.ts';
export { fetchAll, sourceFromBytes, sourceFromStore, verified } from './store/verify.ts';
export { createCredentialChain } from './credentials/chain.ts';
export type {
  Credential,
  CredentialChain,
  LookupStep,
  TraceableCredentialChain,
} from './credentials/types.ts';
export { loadRegistries } from './config/containers/registries.ts';
export type { Registries } from './config/containers/types.ts';
export { createHostPolicies } from './config/hosts/policy.ts';
export { createHttpClient } from './http/client.ts';
export type { HttpClient, HttpRequest, HttpResponse } from './http/types.ts';
export { createRegistryClient } from './registry/client.ts';
export { createRoutedClient } from './registry/mirrors/client.ts';
export type { RegistryClient, Repository, RepositoryOptions } from './registry/types.ts';
export { createRegistryStore } from './transports/docker/store.ts';
export { openDockerArchiveForRead } from './transports/docker-archive/open.ts';
export { openDockerArchiveForWrite } from './transports/docker-archive/write-store.ts';
export { openDirForRead, openDirForWrite } from './transports/dir/store.ts';
export { openOciArchiveForRead, openOciArchiveForWrite } from './transports/oci-archive/store.ts';
export { openLayoutForRead, openLayoutForWrite } from './transports/oci-layout/store.ts';
export { openImage } from './image/view.ts';
export { createConvertedStore } from './image/convert/store.ts';
export type { ConvertOptions, ManifestFormat } from './image/convert/types.ts';
export { copyImage } from './copy/copy-image.ts';
export {
  copyTags,
  type CopyTagsOptions,
  type TagOutcome,
  type TagsSummary,
} from './copy/copy-tags.ts';
export { createDryRunStore, type DryRunStore } from './copy/dry-run.ts';
export type { CopyEvent, CopyOptions, CopyRunOptions, CopySummary } from './copy/types.ts';
export { createMemoryStorage } from './server/storage/memory.ts';
export { claimDirectory } from './server/storage/claim.ts';
export { createDiskStorage } from './server/storage/disk.ts';
export { startRegistryServer } from './server/server.ts';
export type { CallOptions } from './util/abort.ts';

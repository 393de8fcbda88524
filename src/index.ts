/**
 * The library behind the command line. A store is opened from a transport or made in memory;
 * `copyImage` moves an image between two of them. Everything here is re-exported, nothing made.
 */
export { AppError, CopyError, IntegrityError, RegistryError } from './errors/app-error.ts';
export { EXIT_STATUS, type ErrorCode } from './errors/codes.ts';
export type { Descriptor } from './oci/descriptor.ts';
export { digestOf, isDigest, parseDigest, type Digest } from './oci/digest.ts';
export { childrenOf, parseManifest, type Manifest } from './oci/manifest.ts';
export { MEDIA_TYPE } from './oci/media-types.ts';
export { formatPlatform, parsePlatform, type Platform } from './oci/platform.ts';
export { parseReference } from './reference/parse.ts';
export { formatReference } from './reference/print.ts';
export type { Reference } from './reference/types.ts';
export { createMemoryStore } from './store/memory.ts';
export type {
  CallOptions,
  Capabilities,
  PushOutcome,
  ReadStore,
  Source,
  WriteStore,
} from './store/types.ts';
export { fetchAll, sourceFrom, sourceOf, verified } from './store/verify.ts';
export { createCredentialChain } from './auth/sources.ts';
export type {
  Credential,
  CredentialChain,
  DescribedCredentialChain,
  SourceStep,
} from './auth/types.ts';
export { loadRegistries, type Registries } from './config/registries.ts';
export { createHostPolicies } from './config/host-policy.ts';
export { createHttpClient } from './http/client.ts';
export type { HttpClient, HttpRequest, HttpResponse } from './http/types.ts';
export { createRegistryClient } from './registry/client.ts';
export { createRoutedClient } from './registry/routed-client.ts';
export type { RegistryClient, Repository } from './registry/types.ts';
export { createRegistryStore } from './transports/docker/registry-store.ts';
export { openDockerArchiveForRead } from './transports/docker-archive/store.ts';
export { openDockerArchiveForWrite } from './transports/docker-archive/writer.ts';
export { openDirForRead, openDirForWrite } from './transports/dir/store.ts';
export { openOciArchiveForRead, openOciArchiveForWrite } from './transports/oci-archive/store.ts';
export { openLayoutForRead, openLayoutForWrite } from './transports/oci-layout/store.ts';
export { openImage } from './image/view.ts';
export { createConvertedStore } from './image/convert/store.ts';
export type { ConvertOptions, ManifestFormat } from './image/convert/types.ts';
export { copyImage } from './copy/copy.ts';
export { copyTags, type CopyTagsOptions, type TagOutcome, type TagsSummary } from './copy/tags.ts';
export { rehearse, type Rehearsal } from './copy/rehearsal.ts';
export type { CopyEvent, CopyOptions, CopyPair, CopySummary } from './copy/types.ts';
export { createMemoryStorage } from './server/memory-storage.ts';
export { createDiskStorage } from './server/disk-storage.ts';
export { startRegistryServer } from './server/server.ts';

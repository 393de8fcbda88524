/** The embedded registry: distribution-spec v1.1 from memory or a directory. */
export { REQUIRED_NODE } from './node-version.ts';
export type { VerifyPassword } from './server/access/basic-auth.ts';
export type { CallerRules } from './server/access/callers.ts';
export { createRateLimit, type RateLimit } from './server/access/rate.ts';
export { parseRules, type AccessRules, type Action } from './server/access/rules.ts';
export type { Call, Handler, Reply } from './server/api/call.ts';
export type { Page, RequestEntry } from './server/api/dispatch.ts';
export type { Effect } from './server/api/routes.ts';
export {
  collectGarbage,
  type ChooseManifests,
  type GarbageOptions,
  type GarbageReport,
  type Unreadable,
} from './server/gc/collect.ts';
export type { ManifestLinks, RepositoryManifests } from './server/gc/facts.ts';
export type { RepositoryName, Tag } from './server/names.ts';
export {
  startRegistryServer,
  type CloseOptions,
  type RegistryServer,
  type RegistryServerOptions,
  type ServerCertificate,
} from './server/server.ts';
export { claimDirectory, type ClaimOptions } from './server/storage/claim.ts';
export { createDiskStorage, type DiskStorageOptions } from './server/storage/disk.ts';
export type { HeldLock, HeldLockOptions } from './server/storage/held-lock.ts';
export { createMemoryStorage } from './server/storage/memory.ts';
export type {
  AppendOutcome,
  BlobStorage,
  BlobSweep,
  ByteRange,
  FinishOutcome,
  ListedDigest,
  ManifestStorage,
  Storage,
  StoredBlob,
  StoredManifest,
  UploadSession,
  UploadStorage,
} from './server/storage/types.ts';

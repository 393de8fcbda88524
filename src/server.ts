/** The embedded registry: distribution-spec v1.1 from memory or a directory. */
export type { VerifyPassword } from './server/api/basic-auth.ts';
export type { CallerRules } from './server/api/callers.ts';
export type { RequestEntry } from './server/api/dispatch.ts';
export type { RepositoryName, Tag } from './server/names.ts';
export {
  startRegistryServer,
  type RegistryServer,
  type RegistryServerOptions,
  type ServerCertificate,
} from './server/server.ts';
export { claimDirectory } from './server/storage/claim.ts';
export { createDiskStorage } from './server/storage/disk.ts';
export type { HeldLock, HeldLockOptions } from './server/storage/held-lock.ts';
export { createMemoryStorage } from './server/storage/memory.ts';
export type {
  AppendOutcome,
  BlobStorage,
  ByteRange,
  FinishOutcome,
  ListedDigest,
  ManifestStorage,
  Storage,
  StoredManifest,
  UploadStorage,
} from './server/storage/types.ts';

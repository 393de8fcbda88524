/** The client: the logins, certificates, mirrors and proxies of this machine in one object. */
export { REQUIRED_NODE } from './node-version.ts';
export type { Kind } from './artifact/kinds.ts';
export type { ReferrerNode, ReferrerTree, SubjectNode } from './artifact/referrers/tree.ts';
export type { ReferrerContent, ReferrerSource } from './artifact/referrers/types.ts';
export type { ReferrersCallOptions, VerifyCallOptions } from './client/api/attached.ts';
export type { Client } from './client/api/client.ts';
export { createClient } from './client/api/create-client.ts';
export type { SyncCallOptions, SyncFileOptions } from './client/api/sync-types.ts';
export type {
  ClientConnection,
  ClientLogin,
  ClientOptions,
  CopyCallOptions,
  DeleteCallOptions,
  DeleteResult,
  InspectOptions,
  PushCallOptions,
  PushedFile,
  TagsOptions,
} from './client/api/types.ts';
export type { ClientSettings, ConnectionOptions, Machine } from './client/types.ts';
export type { RetryEvent } from './http/retry/policy.ts';
export type {
  InspectedLayer,
  InspectedPlatform,
  InspectedStep,
  Inspection,
} from './image/describe.ts';
export type { IdentityRule, TextRule } from './signing/keyless/identity.ts';
export type { Form, Signer, Verdict } from './signing/types.ts';
export type { JobType, NameRule, Naming, SyncFormat } from './sync/types.ts';
export type { ImageResult, SyncOutcome } from './sync/results.ts';
export type { CompressionFormat, CompressionOptions } from './util/compression/types.ts';
export type { ProcessNames } from './util/temporaries.ts';

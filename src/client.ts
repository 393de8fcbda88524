/** The client: the logins, certificates, mirrors and proxies of this machine in one object. */
export { createClient } from './client/api/create-client.ts';
export type {
  Client,
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
export type { CompressionFormat, CompressionOptions } from './util/compression/types.ts';
export type { ProcessNames } from './util/temporaries.ts';

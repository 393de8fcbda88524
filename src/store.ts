/** Stores of manifests and blobs, which all transports implement. */
export { REQUIRED_NODE } from './node-version.ts';
export { createMemoryStore } from './store/memory.ts';
export type {
  Capabilities,
  ContentStream,
  Inventory,
  ListTagsOptions,
  OpenOptions,
  PullAllowance,
  PullAllowanceReport,
  PushOptions,
  PushOutcome,
  ReadStore,
  ReferrerLister,
  RemoveOptions,
  Remover,
  RepairOptions,
  RepairedReferrers,
  ResolveOptions,
  ResolvePurpose,
  Sizes,
  Source,
  TagLister,
  Times,
  WriteStore,
  WriteTraits,
} from './store/types.ts';
export { fetchAll, sourceFromBytes, sourceFromStore, verified } from './store/verify.ts';
export type { CallOptions } from './util/abort.ts';
export type { Bytes } from './util/bytes.ts';

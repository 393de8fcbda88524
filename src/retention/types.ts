import type { Digest } from '../oci/digest.ts';

/** A moment in milliseconds since 1970. */
export type Time = number;

/** What one manifest says, without its bytes. */
export interface ManifestFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest itself. */
  readonly size: number;
  /** Manifests that an index lists, whether they are there or not. */
  readonly children: readonly Digest[];
  /** Those of `children` that BuildKit marks as attestations. */
  readonly attestations: readonly Digest[];
  readonly subject: Digest | undefined;
  /** Configuration and layers: a key of each blob's digest, then its size, in turn. */
  readonly blobs: readonly number[];
  readonly isIndex: boolean;
  /** Its own annotation `org.opencontainers.image.created`. */
  readonly annotated: string | undefined;
  /** `created` of its configuration, as written there. */
  readonly created: string | undefined;
  /** When the registry received it, where it says so. */
  readonly pushed: string | undefined;
  /** When it was last pulled; null for never, undefined where the registry does not say. */
  readonly pulled?: string | null | undefined;
}

/** All that a plan is computed from. */
export interface RepositoryFacts {
  /** `host/repository`, without a tag. */
  readonly repository: string;
  readonly tags: ReadonlyMap<string, Digest>;
  /** When a tag was last pushed, where the registry says so. */
  readonly tagPushed: ReadonlyMap<string, string>;
  readonly manifests: ReadonlyMap<Digest, ManifestFacts>;
  /** Whether `manifests` are all that the repository has, and not only those that tags lead to. */
  readonly listed: boolean;
  /** Whether a tag can be removed without its manifest; `undefined` while that is not known. */
  readonly untags: boolean | undefined;
}

/** What a policy decides about one tag, and which of its rules did: the first one decided. */
export interface Decision {
  readonly verdict: 'keep' | 'delete' | 'skip';
  readonly because: readonly string[];
}

/** What a policy asks for, before the protection of what stays. */
export interface Judgement {
  /** One for each tag that is no digest tag. */
  readonly tags: ReadonlyMap<string, Decision>;
  /** Manifests without a tag that may go, and the rule that says so. */
  readonly untagged: ReadonlyMap<Digest, string>;
  /** Manifests that stay whatever happens to their tags. */
  readonly protect: ReadonlySet<Digest>;
}

/** Why a whole plan is not carried out (exit status 3). */
export type Brake = 'max-delete' | 'keeps nothing' | 'check';

/** What would go from one repository, and why. */
export interface Plan {
  readonly repository: string;
  readonly tags: ReadonlyMap<string, Decision>;
  /** Manifests that go, in the order of their removal, each with the reason. */
  readonly manifests: ReadonlyMap<Digest, string>;
  /** Bytes of blobs that only what goes uses. */
  readonly blobBytes: number;
  readonly manifestBytes: number;
  /** Manifests that stay. */
  readonly kept: number;
  readonly brake: Brake | undefined;
}

import type { Digest } from '../oci/digest.ts';

/** A time in milliseconds since 1970. */
export type Time = number;

/** The facts about one manifest, without its bytes. */
export interface ManifestFacts {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Size of the manifest itself in bytes. */
  readonly size: number;
  /** Manifests that an index lists, whether they exist or not. */
  readonly children: readonly Digest[];
  /** Those of `children` that BuildKit marks as attestations. */
  readonly attestations: readonly Digest[];
  readonly subject: Digest | undefined;
  /** Configuration and layers: a key of each blob's digest, then its size, in turn. */
  readonly blobs: readonly number[];
  readonly isIndex: boolean;
  /** The manifest's annotation `org.opencontainers.image.created`. */
  readonly annotated: string | undefined;
  /** `created` of its configuration, as written there. */
  readonly created: string | undefined;
  /** When the registry received it, if known. */
  readonly pushed: string | undefined;
  /** When it was last pulled; null: never; undefined: unknown. */
  readonly pulled?: string | null | undefined;
}

/** The complete input of a plan. */
export interface RepositoryFacts {
  /** `host/repository`, without a tag. */
  readonly repository: string;
  readonly tags: ReadonlyMap<string, Digest>;
  /** When a tag was last pushed, if the registry reports it. */
  readonly tagPushed: ReadonlyMap<string, string>;
  readonly manifests: ReadonlyMap<Digest, ManifestFacts>;
  /** Whether `manifests` lists the whole repository, and not only what tags lead to. */
  readonly listed: boolean;
  /** Whether a tag can be removed without its manifest; `undefined` if unknown. */
  readonly untags: boolean | undefined;
}

/** A policy's decision about one tag, with its rules: the first one was decisive. */
export interface Decision {
  readonly verdict: 'keep' | 'delete' | 'skip';
  readonly because: readonly string[];
}

/** A policy's decisions, before protection applies. */
export interface Judgement {
  /** One decision for each tag that is not a digest tag. */
  readonly tags: ReadonlyMap<string, Decision>;
  /** Manifests without a tag that may be deleted, each with its rule. */
  readonly untagged: ReadonlyMap<Digest, string>;
  /** Manifests that stay whatever happens to their tags. */
  readonly protect: ReadonlySet<Digest>;
}

/** Why a plan is not executed (exit status 3). */
export type Brake = 'max-delete' | 'keeps nothing' | 'check';

/** What a plan deletes from one repository, and why. */
export interface Plan {
  readonly repository: string;
  readonly tags: ReadonlyMap<string, Decision>;
  /** Manifests to delete, in order, each with the reason. */
  readonly manifests: ReadonlyMap<Digest, string>;
  /** Bytes of blobs that only deleted manifests use. */
  readonly blobBytes: number;
  readonly manifestBytes: number;
  /** Number of manifests that stay. */
  readonly kept: number;
  readonly brake: Brake | undefined;
}

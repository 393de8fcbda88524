import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';

export interface OpenOptions extends CallOptions {
  /** Bytes from this offset. Default 0. */
  readonly from?: number | undefined;
  /**
   * Whoever reads is done with a chunk when asking for the next: its memory may be used again.
   * Default false: chunks are for keeps.
   */
  readonly reuseChunks?: boolean | undefined;
}

/**
 * Content that can be opened again: retry, re-authentication, redirect and resume all reopen it.
 */
export interface Source {
  readonly descriptor: Descriptor;
  open(options?: OpenOptions): Promise<Bytes>;
}

export interface OpenReadOptions extends CallOptions {
  /** What is read decides about a change there: no mirror may answer. */
  readonly forUpdate?: boolean | undefined;
}

export interface OpenWriteOptions extends CallOptions {
  /** Repositories of the same registry that blobs will be mounted from. */
  readonly mountFrom?: readonly string[] | undefined;
  /** A new archive of Docker's is an OCI layout as well, as `docker save` writes it since 25. */
  readonly withLayout?: boolean | undefined;
}

export type ResolvePurpose = 'descriptor' | 'content';

export interface ResolveOptions extends CallOptions {
  /**
   * `content`: the caller will fetch the manifest next, so a registry asks with GET and keeps the
   * bytes for that fetch. Default `descriptor`: a HEAD, which costs no Docker Hub pull. A promise:
   * not known yet; a store where both cost the same need not wait for it. Its rejection is thrown.
   */
  readonly purpose?: ResolvePurpose | Promise<ResolvePurpose> | undefined;
  /**
   * A cheap "not there" will do, because nothing is said, kept or deleted on the strength of it.
   * Default: a registry that answers so to a HEAD is asked by GET as well.
   */
  readonly trustAbsence?: boolean | undefined;
}

export interface ReadStore extends AsyncDisposable {
  /** For messages: "ghcr.io/a/b", "oci:./out". */
  readonly label: string;
  readonly capabilities: Capabilities;
  /**
   * The manifest behind a tag or digest; `undefined` means the store's default (`latest`, or the
   * only image of a layout). @throws AppError MANIFEST_UNKNOWN, REPOSITORY_UNKNOWN
   */
  resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor>;
  /** For a manifest, true means that its children were written before it. */
  has(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Verified bytes of a manifest or blob: throws IntegrityError instead of ending normally when
   * size or digest is wrong. @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN
   */
  fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes>;
}

export interface PushOptions extends CallOptions {
  /** For a manifest: the tag it is written under, in the same request where the store can. */
  readonly tag?: string | undefined;
  /**
   * For a manifest: waits for a destination that does not see yet what was written. Default none.
   */
  readonly visibilityRetries?: number | undefined;
  /**
   * For a blob: the destination missed content that it had said was there, so that it is only
   * believed to have what it can show.
   */
  readonly verifyPresence?: boolean | undefined;
  /** Repositories of the same registry that hold the blob and may be mounted from. */
  readonly mountFrom?: readonly string[] | undefined;
  /**
   * More bytes were handed to the network for this node, each time they are; also 0, so that a
   * store that can go on with what was sent before is told from one that says nothing.
   */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Cumulative bytes sent of this node; goes back when an attempt starts over. */
  readonly onBytes?: ((sent: number) => void) | undefined;
}

export type PushOutcome = 'written' | 'present' | 'mounted';

export interface WriteTraits {
  readonly maxParallelPushes: number;
  /** Manifest media types the store accepts; absent means all. */
  readonly manifestTypes?: ReadonlySet<string>;
}

export interface WriteStore extends ReadStore {
  readonly traits: WriteTraits;
  /** Writes one node; content is verified before it becomes visible. */
  push(source: Source, options?: PushOptions): Promise<PushOutcome>;
  /** Points `tag` at a manifest that the store has. */
  tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void>;
  /**
   * Makes what was written visible where the format needs it (index.json); nothing for a registry.
   */
  commit(options?: CallOptions): Promise<void>;
}

export interface ListTagsOptions extends CallOptions {
  /** Only the tags after this one; a store that is no registry may list them all. */
  readonly last?: string | undefined;
}

export interface TagLister {
  /** Pages of tag names as they arrive, in the store's order. */
  tags(options?: ListTagsOptions): AsyncIterable<readonly string[]>;
}

export interface ReferrersOptions extends CallOptions {
  readonly artifactType?: string | undefined;
  /** The tags that are there, where they are known: no other is looked at for want of an API. */
  readonly tags?: ReadonlySet<string> | undefined;
}

export interface ReferrerLister {
  referrers(digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
}

/** A manifest as its store lists it. Times are RFC 3339, and absent where the store has none. */
export interface ListedManifest {
  readonly descriptor: Descriptor;
  readonly pushed?: string | undefined;
  /** null: never. */
  readonly pulled?: string | null | undefined;
  /** When each of its tags was pushed. */
  readonly tagPushed?: ReadonlyMap<string, string> | undefined;
}

export interface Inventory {
  /**
   * Every manifest, with and without a tag. @throws AppError UNSUPPORTED where it has no such list
   */
  manifests(options?: CallOptions): AsyncIterable<ListedManifest>;
}

export interface Times {
  /** When a manifest that was read came there, as far as the answer said so. RFC 3339 */
  pushed(digest: Digest): string | undefined;
}

export interface RemoveOptions extends CallOptions {
  /** What the manifest refers to, null for nothing; absent where the caller has not read it. */
  readonly subject?: Digest | null | undefined;
}

export interface Remover {
  /** Deletes the manifest and with it every tag that points at it. */
  removeManifest(digest: Digest, options?: RemoveOptions): Promise<void>;
  /** Removes only the tag. @throws AppError UNTAG_UNSUPPORTED where the store cannot. */
  untag(tag: string, options?: CallOptions): Promise<void>;
}

export interface Sizes {
  /** Bytes of a blob that nothing describes: schema 1 names layers only by their digests. */
  blob(digest: Digest, options?: CallOptions): Promise<number | undefined>;
}

/** A store that is a stream: its content passes once, and before anything can be resolved. */
export interface ContentStream {
  /**
   * The content, in the order in which it comes. A source can be opened once, and before the next
   * is asked for; what was not taken is gone. A second call gives nothing.
   */
  sources(options?: CallOptions): AsyncIterable<Source>;
}

/** A required data field rather than optional methods, so that a wrapper cannot lose them. */
export interface Capabilities {
  readonly tags?: TagLister;
  readonly referrers?: ReferrerLister;
  readonly inventory?: Inventory;
  readonly times?: Times;
  readonly sizes?: Sizes;
  readonly remove?: Remover;
  readonly stream?: ContentStream;
}

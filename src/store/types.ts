import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';

export interface OpenOptions extends CallOptions {
  /** Bytes from this offset. Default 0. */
  readonly from?: number | undefined;
  /**
   * The reader is done with a chunk when it asks for the next, so its memory may be used again.
   * Default false: chunks may be kept.
   */
  readonly reuseChunks?: boolean | undefined;
}

/**
 * Content that can be opened again: retry, re-authentication, redirect and resume all reopen it.
 */
export interface Source {
  readonly descriptor: Descriptor;
  /** Opens the content, from an offset if the options say so. */
  open(options?: OpenOptions): Promise<Bytes>;
}

export interface OpenReadOptions extends CallOptions {
  /** The result decides about a change to the registry, so no mirror may answer. */
  readonly forUpdate?: boolean | undefined;
  /** `oci-archive:` also reads what `docker save` writes. */
  readonly anyArchive?: boolean | undefined;
}

export interface OpenWriteOptions extends CallOptions {
  /** Repositories of the same registry that blobs will be mounted from. */
  readonly mountFrom?: readonly string[] | undefined;
  /** A new Docker archive is also an OCI layout, as `docker save` writes it since version 25. */
  readonly withLayout?: boolean | undefined;
}

/** What a manifest is looked up for. */
export type ResolvePurpose = 'descriptor' | 'content';

export interface ResolveOptions extends CallOptions {
  /**
   * `content`: the caller fetches the manifest next, so a registry sends a GET and keeps the bytes.
   * Default `descriptor`: a HEAD, which is not a Docker Hub pull. A promise: not known yet; a store
   * for which both cost the same need not wait for it. Its rejection is thrown.
   */
  readonly purpose?: ResolvePurpose | Promise<ResolvePurpose> | undefined;
  /**
   * A quick "does not exist" is enough, because nothing is reported, kept or deleted because of it.
   * Default: a registry that answers a HEAD so is asked by GET too.
   */
  readonly trustAbsence?: boolean | undefined;
}

/** A place of images that can be read. */
export interface ReadStore extends AsyncDisposable {
  /** For messages: "ghcr.io/a/b", "oci:./out". */
  readonly label: string;
  readonly capabilities: Capabilities;
  /**
   * The manifest of a tag or digest; `undefined` means the store's default (`latest`, or the only
   * image of a layout). @throws AppError MANIFEST_UNKNOWN, REPOSITORY_UNKNOWN
   */
  resolve(ref: string | undefined, options?: ResolveOptions): Promise<Descriptor>;
  /** For a manifest, true means that its children were written before it. */
  has(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Verified bytes of a manifest or blob: throws IntegrityError instead of ending normally if size
   * or digest is wrong. @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN
   */
  fetch(descriptor: Descriptor, options?: OpenOptions): Promise<Bytes>;
}

export interface PushOptions extends CallOptions {
  /** For a manifest: its tag, written in the same request if the store can. */
  readonly tag?: string | undefined;
  /**
   * For a manifest: maximum waits for a destination that lacks written data. Default none.
   */
  readonly visibilityRetries?: number | undefined;
  /**
   * For a blob: the destination lacked content that it had reported, so it must now prove that it
   * has the content.
   */
  readonly verifyPresence?: boolean | undefined;
  /** Repositories of the same registry that hold the blob and may be mounted from. */
  readonly mountFrom?: readonly string[] | undefined;
  /**
   * Called when bytes are handed to the network for this content, also with 0, to distinguish a
   * store that can resume from one that does not report.
   */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Cumulative bytes sent for this content; decreases when a try starts over. */
  readonly onBytes?: ((sent: number) => void) | undefined;
}

/** What a push did: it wrote, found the content, or mounted it. */
export type PushOutcome = 'written' | 'present' | 'mounted';

/** What a store takes, and how much of it at the same time. */
export interface WriteTraits {
  readonly maxParallelPushes: number;
  /** Manifest media types the store accepts; absent means all. */
  readonly manifestTypes?: ReadonlySet<string>;
}

/** A place of images that can be written. */
export interface WriteStore extends ReadStore {
  readonly traits: WriteTraits;
  /** Writes one manifest or blob; it is verified before it becomes visible. */
  push(source: Source, options?: PushOptions): Promise<PushOutcome>;
  /** Points `tag` to a manifest that the store has. */
  tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void>;
  /**
   * Makes written content visible if the format needs it (index.json); does nothing for a registry.
   */
  commit(options?: CallOptions): Promise<void>;
}

export interface ListTagsOptions extends CallOptions {
  /** Only the tags after this one; a store that is not a registry may list all. */
  readonly last?: string | undefined;
}

/** A tag and the manifest that it points to. */
export interface TaggedDigest {
  readonly tag: string;
  readonly digest: Digest;
}

/** The list of tags. */
export interface TagLister {
  /** Pages of tag names as they arrive, in the store's order. */
  tags(options?: ListTagsOptions): AsyncIterable<readonly string[]>;
  /**
   * Pages of tags with their digests, if the store has such a list (an API of the registry's own).
   * It may lag behind a tag that has just moved.
   * @throws AppError UNSUPPORTED if it has none, or it cannot be read now
   */
  readonly digests?:
    | ((options?: CallOptions) => AsyncIterable<readonly TaggedDigest[]>)
    | undefined;
}

export interface ReferrersOptions extends CallOptions {
  readonly artifactType?: string | undefined;
  /** The existing tags, if known: without an API, no other tag is looked up. */
  readonly tags?: ReadonlySet<string> | undefined;
}

/** The list of what refers to a manifest. */
export interface ReferrerLister {
  /** Lists the descriptors of what refers to a manifest. */
  referrers(digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
  /** Repairs the fallback tag of a subject; absent if the store has no such tags. */
  repair?(subject: Digest, options: RepairOptions): Promise<RepairedReferrers>;
}

export interface RepairOptions extends CallOptions {
  /** Remove the tag when the referrers API lists all that it lists. */
  readonly deleteTag: boolean;
  readonly concurrency: number;
}

/** What became of the entries of a fallback tag. */
export interface RepairedReferrers {
  readonly hasApi: boolean;
  readonly entries: readonly Digest[];
  /** Got their artifact type and annotations. */
  readonly completed: readonly Digest[];
  /** The referrers API lists them. */
  readonly moved: readonly Digest[];
  /** Their manifests are gone; they stay as they are. */
  readonly missing: readonly Digest[];
  readonly tagDeleted: boolean;
}

/** A manifest as its store lists it. Times are RFC 3339, and absent if the store has none. */
export interface ListedManifest {
  readonly descriptor: Descriptor;
  readonly pushed?: string | undefined;
  /** null: never. */
  readonly pulled?: string | null | undefined;
  /** When each of its tags was pushed. */
  readonly tagPushed?: ReadonlyMap<string, string> | undefined;
}

/** The list of all manifests of a store. */
export interface Inventory {
  /**
   * Every manifest, with and without a tag. @throws AppError UNSUPPORTED if it has no such list
   */
  manifests(options?: CallOptions): AsyncIterable<ListedManifest>;
}

/** Times that a store reported. */
export interface Times {
  /** When a manifest that was read was pushed, if the answer reported it. RFC 3339 */
  pushed(digest: Digest): string | undefined;
}

/** How many pulls a registry still allows. */
export interface PullAllowance {
  readonly remaining: number | undefined;
  /** Length of the window in seconds. */
  readonly windowSeconds: number | undefined;
  /** Seconds until the window restarts, if the registry reports it. */
  readonly resetSeconds: number | undefined;
}

/** What a registry says about its pull limit. */
export interface PullAllowanceReport {
  /** As of the last manifest that was read or looked up; `undefined` without a limit. */
  last(): PullAllowance | undefined;
}

export interface RemoveOptions extends CallOptions {
  /** The manifest's subject, null for none; absent if the caller has not read it. */
  readonly subject?: Digest | null | undefined;
}

/** Deletes manifests and tags. */
export interface Remover {
  /** Deletes the manifest and every tag that points to it. */
  removeManifest(digest: Digest, options?: RemoveOptions): Promise<void>;
  /** Removes only the tag. @throws AppError UNTAG_UNSUPPORTED if the store cannot. */
  untag(tag: string, options?: CallOptions): Promise<void>;
}

/** The sizes of blobs whose descriptors are not known. */
export interface Sizes {
  /** Bytes of a blob without a descriptor: schema 1 names layers only by digest. */
  blob(digest: Digest, options?: CallOptions): Promise<number | undefined>;
}

/** Parts of blobs. */
export interface BlobRanges {
  /**
   * `size` bytes from `offset`, which nothing verifies; `undefined` if the store has only whole
   * blobs. @throws AppError BLOB_UNKNOWN
   */
  read(
    descriptor: Descriptor,
    part: BlobPart,
    options?: CallOptions,
  ): Promise<Uint8Array | undefined>;
}

export interface BlobPart {
  readonly offset: number;
  readonly size: number;
}

/** A store that is a stream: its content passes once, before anything can be resolved. */
export interface ContentStream {
  /**
   * The content, in its order of arrival. Each source can be opened once, before the next one is
   * requested; what was not read is lost. A second call yields nothing.
   */
  sources(options?: CallOptions): AsyncIterable<Source>;
}

/** A required data field instead of optional methods, so that a wrapper cannot lose them. */
export interface Capabilities {
  readonly tags?: TagLister;
  readonly referrers?: ReferrerLister;
  readonly inventory?: Inventory;
  readonly times?: Times;
  readonly pullAllowance?: PullAllowanceReport;
  readonly sizes?: Sizes;
  readonly ranges?: BlobRanges;
  readonly remove?: Remover;
  readonly stream?: ContentStream;
}

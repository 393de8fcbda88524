import type { CopyEvent } from '../../copy/types.ts';
import type { Naming, NameRule, SyncFormat } from '../../sync/types.ts';
import type { ImageResult } from '../../sync/results.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Conversion } from '../converted.ts';

/** Options of `sync` and `syncFile`; those of a file's jobs that are given here win over the file. */
export interface SyncCallOptions extends CallOptions {
  /** Regular expressions of JavaScript that match anywhere in a tag. Default: all tags. */
  readonly include?: readonly string[] | undefined;
  /** Regular expressions of tags to leave out. */
  readonly exclude?: readonly string[] | undefined;
  /** A range of versions, such as "^1.4"; other tags are left out. */
  readonly semver?: string | undefined;
  /** Globs (`3.*`) or `/regular expressions/`, of which a tag matches one. Default: all tags. */
  readonly glob?: readonly string[] | undefined;
  /** Only the N newest tags of a repository. */
  readonly newest?: number | undefined;
  /** What `newest` goes by. Default: versions if `semver` or the job selects them, else dates. */
  readonly by?: 'version' | 'created' | undefined;
  /** Only these platforms of an index, such as "linux/arm64". Default: all. */
  readonly platforms?: readonly string[] | undefined;
  /** With `platforms`, keeps the index and its digest. Default: false. */
  readonly sparseIndex?: boolean | undefined;
  /** Also copies signatures, SBOMs and attestations. Default: false. */
  readonly referrers?: boolean | undefined;
  /** Also copies tags that begin with the digest, such as "sha256-….sig". Default: false. */
  readonly digestTags?: boolean | undefined;
  /** Globs of tags that never move: those that the target has are not looked up. */
  readonly immutable?: readonly string[] | undefined;
  /** Copies only tags that the target does not have. Default: false. */
  readonly missing?: boolean | undefined;
  /** Also copies foreign layers, such as Windows base layers. Default: false. */
  readonly allowNondistributable?: boolean | undefined;
  /** Converts manifests to this format, which changes their digests. Default: unchanged. */
  readonly format?: Conversion['format'];
  /** Fails an image whose digest would change. Default: false. */
  readonly preserveDigests?: boolean | undefined;

  /** How copies are named below the target. Default: as the command `sync` does. */
  readonly naming?: Naming['style'] | undefined;
  /** Rules for names, the first that matches wins: "docker.io/library/*" to "hub/$1". */
  readonly map?: readonly NameRule[] | undefined;
  /** Added to each tag. */
  readonly suffix?: string | undefined;

  /** Public keys as PEM text; an image without a signature of one fails the call. */
  readonly verifyKeys?: readonly string[] | undefined;
  /** File of a trust policy: YAML, or skopeo's policy.json. Default: none. */
  readonly policy?: string | undefined;

  /** Reports what would be copied, and copies nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Only compares: images that are out of date are reported as copied. Default: false. */
  readonly check?: boolean | undefined;
  /** Images between two registries at a time. Default: 8. */
  readonly jobs?: number | undefined;
  /** Starts no image after one that failed. Default: false. */
  readonly abortOnError?: boolean | undefined;
  /** Deletes tags that left the source: those that `state` says were copied, or all. */
  readonly delete?: 'owned' | 'all' | undefined;
  /** Most tags to delete in a repository: a number or a percentage. Default: "10%". */
  readonly maxDelete?: string | undefined;
  /** Template of a name that keeps what is overwritten: "old-\{\{.Ref.Tag\}\}". */
  readonly backup?: string | undefined;
  /** Most pulls of the run; a pull is a manifest that is read. Default: no limit. */
  readonly budget?: number | undefined;
  /** Pulls of the registry's limit that must be left. Default: 0. */
  readonly budgetLeft?: number | undefined;
  /** "stop", the default: what needs more pulls fails or is skipped, and the next run copies it. */
  readonly onBudget?: 'stop' | 'wait' | undefined;
  /** File of what earlier runs copied; "none" keeps none. Default: that of the sync file, or none. */
  readonly state?: string | undefined;
  /** Only part `index` of `count` of the target repositories, counted from 1. */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;

  /** Called as each image ends. */
  readonly onImage?: ((image: ImageResult) => void) | undefined;
  /** Called for each event of a copy; sizes are in bytes, times in milliseconds. */
  readonly onProgress?: ((event: CopyEvent) => void) | undefined;
}

/** Options of `syncFile`. */
export interface SyncFileOptions extends SyncCallOptions {
  /** Only the jobs of these names. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Default: recognized by the keys of the file. */
  readonly fileFormat?: SyncFormat | undefined;
  /** Where the images of a file of skopeo go, which does not say so itself. */
  readonly target?: string | undefined;
  /** Fails if the file has keys that are not known. Default: false, they are warned about. */
  readonly strict?: boolean | undefined;
}

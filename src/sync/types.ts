import type { TagSet, NameSet } from './select.ts';

/** The connection settings of a registry in a sync file. */
export interface HostSettings {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** false: HTTPS without verification, or HTTP. */
  readonly tlsVerify?: boolean | undefined;
  readonly plainHttp?: boolean | undefined;
  readonly certDir?: string | undefined;
  /** Certificates and key in PEM. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** The address to use instead of the name: "127.0.0.1:5000". */
  readonly hostname?: string | undefined;
  /** Prefix of every repository at `hostname`. */
  readonly pathPrefix?: string | undefined;
  /** Registries that are tried first. */
  readonly mirrors?: readonly string[] | undefined;
}

/** What a job copies: one image, the tags of a repository, all below a name of a registry. */
export type JobType = 'image' | 'repository' | 'registry';

/** How the name of a target is built from its source. */
export interface Naming {
  /**
   * `exact`: the target as written; for a registry, followed by the repository. `flat`: the target
   * and the last part of the repository. `keep-path`: the target and the repository. `scoped`: the
   * target, the source's host and the repository.
   */
  readonly style: 'exact' | 'flat' | 'keep-path' | 'scoped';
  /** First match wins, before `style`: "docker.io/library/*" → "mirror/hub/$1". */
  readonly map?: readonly NameRule[] | undefined;
  /** Tag of an image if the target names none. Default: as at the source. */
  readonly defaultTag?: string | undefined;
  /** Suffix of the tag, or of the directory name. */
  readonly suffix?: string | undefined;
}

/** A rule that names copies. */
export interface NameRule {
  /** "docker.io/library/*": `*` matches any text. */
  readonly pattern: string;
  /** "hub/$1": `$1` is what the first `*` matched; also `$host`, `$path`, `$base` and `$tag`. */
  readonly template: string;
}

export interface ReferrerFilter {
  readonly artifactType?: string | undefined;
  /** An empty value matches any value of an existing annotation. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** One job: source, target and options. All file formats are converted to this form. */
export interface SyncJob {
  readonly name?: string | undefined;
  /** "mirror.yml, line 12", for messages. */
  readonly where: string;
  readonly type: JobType;
  readonly source: string;
  readonly target: string;
  readonly naming: Naming;
  /** Combined with OR; empty: every tag. */
  readonly tags: readonly TagSet[];
  readonly repos: NameSet;
  /** Exactly these tags and digests, without listing the tags. */
  readonly refs?: readonly string[] | undefined;
  readonly newest?: number | undefined;
  /** Only tags that are younger, such as "30d". */
  readonly since?: string | undefined;
  /** Fails if fewer tags are chosen. */
  readonly minTags?: number | undefined;
  readonly platforms?: readonly string[] | undefined;
  /** A single image is copied whatever its platform, as in regsync. */
  readonly platformsOfIndexes?: boolean | undefined;
  /** Keeps an index and its digest, and copies only the images of `platforms`. */
  readonly sparseIndex?: boolean | undefined;
  /** Copies only the image of this machine's platform from an index. */
  readonly hostPlatform?: boolean | undefined;
  readonly referrers?: boolean | undefined;
  readonly referrerFilters?: readonly ReferrerFilter[] | undefined;
  readonly referrerSource?: string | undefined;
  readonly referrerTarget?: string | undefined;
  readonly digestTags?: boolean | undefined;
  /** Skips digest tags, which are not separate images. */
  readonly skipDigestTags?: boolean | undefined;
  readonly mediaTypes?: readonly string[] | undefined;
  /** Also checks the content below an image that is equal at both ends. */
  readonly deep?: boolean | undefined;
  /** Skips the referrers and digest tags of an image that is equal at both ends. */
  readonly fastCheck?: boolean | undefined;
  readonly allowNondistributable?: boolean | undefined;
  /** Globs of tags that never move: existing ones are not checked at the target. */
  readonly immutable?: readonly string[] | undefined;
  /** Copies only images whose names the target lacks. */
  readonly missing?: boolean | undefined;
  readonly delete?: 'owned' | 'all' | undefined;
  readonly maxDelete?: string | undefined;
  /** Globs or /regular expressions/ of tags that are never deleted. */
  readonly deleteExclude?: readonly string[] | undefined;
  /** Go template of a tag or of a whole name. */
  readonly backup?: string | undefined;
  readonly ratelimit?: { readonly min?: number; readonly retryMs?: number } | undefined;
  readonly schedule?: string | undefined;
  readonly intervalMs?: number | undefined;
}

/** Whose form a sync file has. */
export type SyncFormat = 'regctl' | 'regsync' | 'skopeo';

/** The content of a sync file. */
export interface SyncFile {
  readonly format: SyncFormat;
  readonly jobs: readonly SyncJob[];
  /** Settings by registry, as written in image names. */
  readonly hosts: ReadonlyMap<string, HostSettings>;
  /** Concurrent images. */
  readonly parallel?: number | undefined;
  /** File of what earlier runs wrote and saw. */
  readonly state?: string | undefined;
  /** Most pulls of a run. */
  readonly budget?: number | undefined;
}

import type { TagSet, NameSet } from './select.ts';

/** How a registry is reached, where a sync file says so. */
export interface HostSettings {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** false: HTTPS without verification, or HTTP. */
  readonly tlsVerify?: boolean | undefined;
  readonly plainHttp?: boolean | undefined;
  readonly certDir?: string | undefined;
  /** PEM texts. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** The address that stands for the name: "127.0.0.1:5000". */
  readonly hostname?: string | undefined;
  /** Stands before every repository at `hostname`. */
  readonly pathPrefix?: string | undefined;
  /** Registries that are asked first. */
  readonly mirrors?: readonly string[] | undefined;
}

export type JobType = 'image' | 'repository' | 'registry';

/** How a target is named after its source. */
export interface Naming {
  /**
   * `exact`: the target as it is written, for a registry with the repository after it. `flat`: the
   * target and the last part of the repository. `keep-path`: the target and the repository.
   * `scoped`: the target, the source's host and the repository.
   */
  readonly style: 'exact' | 'flat' | 'keep-path' | 'scoped';
  /** First match wins, before `style`: "docker.io/library/*" → "mirror/hub/$1". */
  readonly map?: readonly NameRule[] | undefined;
  /** What an image is called where the target names no tag. Default: as at the source. */
  readonly defaultTag?: string | undefined;
  /** Stands after the tag, or after the name of a directory. */
  readonly suffix?: string | undefined;
}

export interface NameRule {
  readonly pattern: string;
  readonly template: string;
}

export interface ReferrerFilter {
  readonly artifactType?: string | undefined;
  /** An empty value: the annotation is there, whatever it says. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** One job: what goes where, and how. The normal form of all formats. */
export interface SyncJob {
  readonly name?: string | undefined;
  /** "mirror.yml, line 12", for messages. */
  readonly where: string;
  readonly type: JobType;
  readonly source: string;
  readonly target: string;
  readonly naming: Naming;
  /** OR-ed; none: every tag. */
  readonly tags: readonly TagSet[];
  readonly repos: NameSet;
  /** These tags and digests, and no list is asked for. */
  readonly refs?: readonly string[] | undefined;
  readonly newest?: number | undefined;
  readonly platforms?: readonly string[] | undefined;
  /** Of an index only the image of this machine's platform. */
  readonly hostPlatform?: boolean | undefined;
  readonly referrers?: boolean | undefined;
  readonly referrerFilters?: readonly ReferrerFilter[] | undefined;
  readonly referrerSource?: string | undefined;
  readonly referrerTarget?: string | undefined;
  readonly digestTags?: boolean | undefined;
  /** Tags that only carry what belongs to a digest are no images of their own. */
  readonly skipDigestTags?: boolean | undefined;
  readonly mediaTypes?: readonly string[] | undefined;
  /** Looks below an image that is equal at both ends. */
  readonly deep?: boolean | undefined;
  /** An image that is equal at both ends is not looked at for what belongs to it. */
  readonly fastCheck?: boolean | undefined;
  readonly allowNondistributable?: boolean | undefined;
  /** Globs of tags that never move: what the target has is not asked for. */
  readonly immutable?: readonly string[] | undefined;
  /** Copies only what the target does not have by name. */
  readonly missing?: boolean | undefined;
  readonly delete?: 'owned' | 'all' | undefined;
  readonly maxDelete?: string | undefined;
  /** Go template of a tag, or of a whole name. */
  readonly backup?: string | undefined;
  readonly ratelimit?: { readonly min?: number; readonly retryMs?: number } | undefined;
  readonly schedule?: string | undefined;
  readonly intervalMs?: number | undefined;
}

export type SyncFormat = 'regctl' | 'regsync' | 'skopeo';

/** What a file says. */
export interface SyncFile {
  readonly format: SyncFormat;
  readonly jobs: readonly SyncJob[];
  /** By registry as it is written in names. */
  readonly hosts: ReadonlyMap<string, HostSettings>;
  /** Images at a time. */
  readonly parallel?: number | undefined;
}

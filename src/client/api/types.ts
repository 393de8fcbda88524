import type { Conversion } from '../converted.ts';
import type { ClientSettings, ConnectionOptions, Machine } from '../types.ts';
import type { CopyEvent } from '../../copy/types.ts';
import type { AllowHost } from '../../http/address/allow-host.ts';
import type { RetryEvent } from '../../http/retry/policy.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CallOptions } from '../../util/abort.ts';

/** A login for one registry: a username and password, or a bearer token. */
export type ClientLogin =
  | { readonly username: string; readonly password: string }
  | { readonly token: string };

/** How registries are reached. A login is given by registry, as each must get only its own. */
export type ClientConnection = Omit<
  ConnectionOptions,
  'creds' | 'username' | 'password' | 'registryToken'
>;

/** Options of a client. Each is optional; the default is what the command line would do here. */
export interface ClientOptions {
  /** Logins by registry ("docker.io", "localhost:5000"), instead of those of this machine. */
  readonly logins?: Readonly<Record<string, ClientLogin>> | undefined;
  /** TLS, plain HTTP, login file. `noCreds: true` uses no stored login. */
  readonly connection?: ClientConnection | undefined;
  /** Tries, timeouts, configuration files. Default: 5 tries after the first. */
  readonly settings?: Partial<ClientSettings> | undefined;
  /** Environment, home directory and system. Default: those of this process. */
  readonly machine?: Partial<Machine> | undefined;
  /** Shown by `inspect` if an image has it. Default: this machine's processor, on Linux. */
  readonly platform?: Platform | string | undefined;
  /** Concurrent requests to each registry. Default: 6. */
  readonly concurrency?: number | undefined;
  /** Directory for temporary files. Default: that of the system. */
  readonly tempDir?: string | undefined;
  /** Hosts that may be contacted at all; see `AllowHost`. Default: all. */
  readonly allowHost?: AllowHost | undefined;
  /**
   * Locations that names may lead to: "docker" is a registry, "oci" a layout. Give `['docker']` for
   * names from your users, as others read and write files of this machine. Default: all.
   */
  readonly transports?: readonly string[] | undefined;
  /** Called with each warning and each remark, one line each. Default: neither is reported. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Called with each remark, one line. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called before each wait for another try. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Called with each line of the wire trace, without secrets. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface TagsOptions extends CallOptions {
  /** A range of versions, such as "^1.4"; other tags are left out. */
  readonly semver?: string | undefined;
  /** Only the tags after this one. */
  readonly last?: string | undefined;
}

export interface InspectOptions extends CallOptions {
  /** The platform to show. @throws AppError PLATFORM_UNKNOWN if the image lacks it */
  readonly platform?: Platform | string | undefined;
  /** Leaves `RepoTags` empty, which saves requests. Default: false. */
  readonly noTags?: boolean | undefined;
}

export interface CopyCallOptions extends CallOptions, Conversion {
  /** Called for each event; sizes are in bytes, times in milliseconds. */
  readonly onProgress?: ((event: CopyEvent) => void) | undefined;
  /** Only these platforms. Default: all, with the digest unchanged. */
  readonly platforms?: readonly (Platform | string)[] | undefined;
  /** Also copies signatures, SBOMs and attestations. Default: false. */
  readonly referrers?: boolean | undefined;
  readonly additionalTags?: readonly string[] | undefined;
  /** Refuses to move a tag that points to a different digest. Default: false. */
  readonly noClobber?: boolean | undefined;
  /** Refuses a copy whose digest would change. Default: false. */
  readonly preserveDigests?: boolean | undefined;
}

export interface DeleteCallOptions extends CallOptions {
  /** Also deletes the digest's other tags, and a manifest that an index lists. Default: false. */
  readonly force?: boolean | undefined;
  /** Also deletes signatures, SBOMs and attestations. Default: false. */
  readonly referrers?: boolean | undefined;
  /** Removes only the tag. Default: false. */
  readonly untag?: boolean | undefined;
  /** Finds out what would be deleted, and deletes nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
}

/** What was deleted, or would be with `dryRun`. */
export interface DeleteResult {
  /** `null` if the manifest of a tag did not exist any more. */
  readonly digest: Digest | null;
  readonly tags: readonly string[];
  /** Digests of the referrers that were also deleted, and of those that were not. */
  readonly referrers: readonly Digest[];
  readonly left: readonly Digest[];
}

/** One file of an artifact. */
export interface PushedFile {
  readonly data: Uint8Array;
  /** Default: "application/octet-stream". */
  readonly mediaType?: string | undefined;
  /** The file name that `oras pull` writes. */
  readonly title?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface PushCallOptions extends CallOptions {
  /** What the artifact is: "application/vnd.example.report.v1+json". */
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Attaches the artifact to this manifest of the same repository. */
  readonly subject?: Descriptor | undefined;
}

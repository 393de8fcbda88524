import type { RegistriesFilesOptions } from './registries-files.ts';
import type { Reference } from '../../reference/types.ts';
/** How a host is reached if a configuration file sets it; absent: verified TLS. */
export type InsecureMode = 'insecure' | 'plain';

/** Which requests a mirror may answer (`pull-from-mirror`). */
export type MirrorUse = 'all' | 'digest-only' | 'tag-only';

export interface MirrorEntry {
  /** "mirror.example:5000/hub", never with a scheme. */
  readonly location: string;
  readonly insecure: boolean;
  readonly use: MirrorUse;
}

/** One `[[registry]]` table of registries.conf v2. */
export interface RegistryEntry {
  /** "example.com/foo", or "*.example.com". */
  readonly prefix: string;
  /** Replaces the prefix; undefined: the prefix is kept. */
  readonly location: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** In the order they are tried. */
  readonly mirrors: readonly MirrorEntry[];
  /** The file with this entry, for messages. */
  readonly file: string;
}

/** The settings of one file; undefined: the file does not set it. */
export interface RegistriesDocument {
  readonly registries: readonly RegistryEntry[];
  readonly searchRegistries: readonly string[] | undefined;
  readonly credentialHelpers: readonly string[] | undefined;
  /** Short name → full name; "" removes an alias of an earlier file. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly file: string;
}

/** One physical location of a repository. */
export interface RepositoryLocation {
  /** "mirror.example:5000"; "docker.io" for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
}

export interface Mirror extends RepositoryLocation {
  readonly use: MirrorUse;
}

/** Where a repository is read and written. */
export interface Route {
  readonly primary: RepositoryLocation;
  /** In the order they are tried, before the primary. */
  readonly mirrors: readonly Mirror[];
}

/** Where registries.conf and related files are found. */
export interface RegistriesOptions extends RegistriesFilesOptions {
  /** `--daemon-config`; Docker's file is read only when it is named. */
  readonly daemonConfig?: string | undefined;
  /** Called with each problem of a file. */
  readonly warn: (text: string) => void;
}

/** The system's settings for names, blocks, mirrors and TLS of registries. */
export interface Registries {
  /** The files that exist, in order, including those without relevant settings. */
  readonly files: readonly string[];
  /** True if each name is used as written. */
  readonly hasNoSettings: boolean;
  /**
   * Returns where the repository of a logical name is read and written; without a repository, the
   * registry itself. `suffix`: ":tag", "@digest" or both.
   * @throws AppError REGISTRY_BLOCKED, UNSUPPORTED
   */
  route(name: Omit<Reference, 'tag' | 'digest'>, suffix?: string): Route;
  /** Completes a short name if the files ask for it. @throws AppError INVALID_REFERENCE */
  expand(text: string): string;
  /** The TLS setting of a host, as dialed. */
  insecureMode(host: string): InsecureMode | undefined;
  /** The same by address ("10.1.2.3"); defined if Docker's file names networks. */
  readonly isInsecureAddress: ((address: string) => boolean) | undefined;
  /** `credential-helpers` of registries.conf. */
  readonly credentialHelpers: readonly string[] | undefined;
}

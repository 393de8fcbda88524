/** How a host is reached when a configuration file speaks of it; absent: TLS, verified. */
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
  /** What takes the place of the prefix; undefined: nothing does. */
  readonly location: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** In the order they are tried. */
  readonly mirrors: readonly MirrorEntry[];
  /** The file that says so, for messages. */
  readonly file: string;
}

/** What one file says; undefined: it does not speak of it. */
export interface RegistriesDocument {
  readonly registries: readonly RegistryEntry[];
  readonly searchRegistries: readonly string[] | undefined;
  readonly credentialHelpers: readonly string[] | undefined;
  /** Short name → full name; "" takes an alias of an earlier file away. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly file: string;
}

/** One physical place of a repository. */
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

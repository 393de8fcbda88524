import type { AuthFilesOptions } from '../../config/containers/auth-files.ts';
import type { BeginWait } from '../../util/abort.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import type { RunHelper } from '../helpers/process.ts';

/** Settings of registries.conf and of `--config`. */
export interface ContainersHelpersOptions {
  /** The list in registries.conf; none, or an empty one: only the files. */
  readonly credentialHelpers?: (() => readonly string[] | undefined) | undefined;
  readonly configDir?: string | undefined;
}

/** Options for the sources of a lookup and the storage of a login. */
export interface CredentialSourcesOptions extends AuthFilesOptions, ContainersHelpersOptions {
  /** Called with each problem of a file or helper. */
  readonly warn: (text: string) => void;
  /** Helpers that come with regctl, as command lines by name, used if PATH has none. */
  readonly bundledHelpers?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Names temporary files and locks of this run. Default: anonymous names. */
  readonly temporaries?: (() => Promise<Temporaries>) | undefined;
  /** Reports each wait for a helper. Default: waits are not reported. */
  readonly beginWait?: BeginWait | undefined;
  /** Default: child processes with `env`. */
  readonly runHelper?: RunHelper | undefined;
}

import type { AuthFilesOptions } from '../../config/containers/auth-files.ts';
import type { BeginWait } from '../../util/abort.ts';
import type { Temporaries } from '../../util/temporaries.ts';
import type { RunHelper } from '../helpers/process.ts';

/** Of registries.conf and of `--config`. */
export interface ContainersHelpersOptions {
  /** The list as registries.conf has it; none, or an empty one: only the files. */
  readonly credentialHelpers?: (() => readonly string[] | undefined) | undefined;
  readonly configDir?: string | undefined;
}

/** What the sources of a look-up, and the places of a login, are made from. */
export interface CredentialSourcesOptions extends AuthFilesOptions, ContainersHelpersOptions {
  readonly warn: (text: string) => void;
  /** Helpers that come with regctl, as command lines by name, for where PATH has none. */
  readonly bundledHelpers?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Names temporary files and locks of this run; default: names that say nothing. */
  readonly temporaries?: (() => Promise<Temporaries>) | undefined;
  /** Told of helpers that are waited for. Default: nobody is. */
  readonly beginWait?: BeginWait | undefined;
  /** Default: child processes with `env`. */
  readonly runHelper?: RunHelper | undefined;
}

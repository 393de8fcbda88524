import type { CallOptions } from '../util/abort.ts';

/** The answer of a credential source. */
export type Credential = (
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** OAuth2 refresh token, exchanged at the realm by POST. */
  | { readonly kind: 'identity'; readonly token: string; readonly username?: string }
  /** Sent to the registry unchanged. */
  | { readonly kind: 'registry-token'; readonly token: string }
) & {
  /** Where it came from, for messages. */
  readonly origin: string;
  /** True: it comes from a keychain, so tokens obtained with it are not written to disk. */
  readonly neverPersist?: boolean;
};

/** The result of asking one source. */
export interface SourceResult {
  readonly credential?: Credential | undefined;
  /** Where in the source it was found, or why it was not: "no such file". Never a secret. */
  readonly detail: string;
  /** For the user, if no other source answers either. */
  readonly warning?: string | undefined;
}

export interface CredentialSource {
  /** "--creds", "DOCKER_AUTH_CONFIG", "/home/ann/.docker/config.json". */
  readonly name: string;
  /**
   * `host` is the logical registry ("docker.io", "localhost:5000").
   * @throws AppError CREDENTIAL_HELPER, CONFIG_INVALID, IO: never a silent "none"
   */
  get(host: string, repository?: string, options?: CallOptions): Promise<SourceResult>;
}

/** One source of the ordered list, in the report of a lookup. */
export interface LookupStep {
  readonly source: string;
  /** False for those after the one that answered or failed. */
  readonly asked: boolean;
  readonly answered: boolean;
  /** It failed; later sources are then not asked. */
  readonly failed: boolean;
  /** Where the answer was found, or why there was none. Never a secret. */
  readonly detail: string;
}

/**
 * The ordered sources of one side of a command, asked until one answers; answers are remembered.
 */
export interface CredentialChain {
  /** Finds the credentials for a repository; undefined: there are none. */
  lookup(host: string, repository?: string, options?: CallOptions): Promise<Credential | undefined>;
  /** Drops the remembered answers, so that a helper is asked again after a 401. */
  forget(host: string): void;
}

/** A chain that can report how it found its answer: for `doctor` and `--debug`. */
export interface TraceableCredentialChain extends CredentialChain {
  /** Names of the sources, in lookup order. */
  describeSources(): readonly string[];
  /** Asks again, in order, and reports every source; a failure is a step, not an error. */
  explain(host: string, repository?: string, options?: CallOptions): Promise<readonly LookupStep[]>;
}

/** A username and a password, as a person enters them. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Where a login went. */
export interface SavedLogin {
  readonly storedIn: string;
  readonly plainText: boolean;
  /** The helper creates logins for the registry and stored nothing. */
  readonly supplied?: boolean | undefined;
}

/**
 * Stores logins. A target is a registry ("quay.io") or a namespace in it ("quay.io/team").
 */
export interface LoginStore {
  /** Stores what the registry accepted. Resolves to where it was stored, for the message. */
  save(target: string, login: Login, options?: CallOptions): Promise<SavedLogin>;
  /** Resolves to the files and helpers that held a login for it; empty: none did. */
  remove(target: string, options?: CallOptions): Promise<readonly string[]>;
  /** Every target with a stored login. */
  list(options?: CallOptions): Promise<readonly string[]>;
}

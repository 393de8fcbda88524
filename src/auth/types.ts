import type { CallOptions } from '../store/types.ts';

/** What a credential source can answer. */
export type Credential = (
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** OAuth2 refresh token, exchanged at the realm by POST. */
  | { readonly kind: 'identity'; readonly token: string; readonly username?: string }
  /** Sent to the registry as it is. */
  | { readonly kind: 'registry-token'; readonly token: string }
) & {
  /** Where it came from, for messages. */
  readonly origin: string;
  /** True: it is from a keychain, and nothing that it is exchanged for is written to disk. */
  readonly ephemeral?: boolean;
};

export interface CredentialSource {
  /** "--creds", "~/.docker/config.json", "docker-credential-pass". */
  readonly name: string;
  /**
   * `host` is the logical registry ("docker.io", "localhost:5000").
   * @throws AppError CREDENTIAL_HELPER, CONFIG_INVALID: never a silent "none"
   */
  get(host: string, repository?: string, options?: CallOptions): Promise<Credential | undefined>;
}

/** The ordered sources of one side of a command, asked until one answers; answers are remembered. */
export interface CredentialChain {
  lookup(host: string, repository?: string, options?: CallOptions): Promise<Credential | undefined>;
  /** Drops what is remembered, so that a helper is asked anew after a 401. */
  forget(host: string): void;
}

/** Where logins are kept: a credential helper when Docker's configuration names one, else its file. */
export interface LoginStore {
  /** Stores what the registry accepted. Resolves to where it went, for the message. */
  save(
    host: string,
    login: { readonly username: string; readonly password: string },
    options?: CallOptions,
  ): Promise<{ readonly place: string; readonly plainText: boolean }>;
  /** False when there was nothing to remove. */
  remove(host: string, options?: CallOptions): Promise<boolean>;
  /** Every registry with a stored login. */
  list(options?: CallOptions): Promise<readonly string[]>;
}

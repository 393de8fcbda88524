import type { RetryEvent } from '../http/retry/policy.ts';
import type { BeginWait } from '../util/abort.ts';
import type { ProcessNames } from '../util/temporaries.ts';

/** The machine and the process that a client runs in: where files are found, and who else runs. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; undefined: this user has none, and nothing of one is read or written. */
  readonly home: string | undefined;
  /** Node's name of the system. */
  readonly os: string;
  /** The user's id; undefined where the system has none. */
  readonly uid?: number | undefined;
  readonly now: () => Date;
  /** Who else runs on this machine; absent: nothing is left for another run to go on with. */
  readonly processes?: (() => Promise<ProcessNames>) | undefined;
  /** Told of what is waited for. Default: nobody is. */
  readonly beginWait?: BeginWait | undefined;
  /** Credential helpers that come with regctl: the command line of each, by its name. */
  readonly bundledHelpers?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** How one side of a command reaches its registry; names as in `CredentialFlags`. */
export interface ConnectionOptions {
  readonly creds?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly registryToken?: string | undefined;
  readonly noCreds?: boolean | undefined;
  readonly authfile?: string | undefined;
  readonly tlsVerify?: boolean | undefined;
  readonly plainHttp?: boolean | undefined;
  readonly certDir?: string | undefined;
  /** Address of the Docker daemon of `docker-daemon:`. */
  readonly daemonHost?: string | undefined;
  /** Directory of the blobs of OCI layouts, in place of their own. */
  readonly sharedBlobDir?: string | undefined;
  /** PEM texts: who else is trusted, and who this side is. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** What applies to every registry that a client reaches. */
export interface ClientSettings {
  /** Directory of Docker's configuration, instead of the machine's. */
  readonly config?: string | undefined;
  readonly authfile?: string | undefined;
  readonly registriesConf?: string | undefined;
  readonly daemonConfig?: string | undefined;
  /** Token servers that may receive credentials on any host. */
  readonly allowRealm: readonly string[];
  readonly retryTimes: number;
  readonly retryMaxWaitMs?: number | undefined;
  /** The same wait before every other try, in place of one that grows. */
  readonly retryDelayMs?: number | undefined;
  /** Bytes a second below which a transfer is given up; `undefined`: the wire's default. */
  readonly minSpeed?: number | undefined;
  /** Most time from a request to its answer, a blob's first byte included; `undefined`: the wire's defaults. */
  readonly headerTimeoutMs?: number | undefined;
  /** Most time between two bytes of an answer; `undefined`: the wire's default. */
  readonly idleTimeoutMs?: number | undefined;
  /** Sent as `User-Agent`; `undefined`: regctl and its version. */
  readonly userAgent?: string | undefined;
}

export interface ClientOptions {
  readonly machine: Machine;
  readonly settings: ClientSettings;
  readonly warn: (text: string) => void;
  readonly note: (text: string) => void;
  readonly onRetry: (event: RetryEvent) => void;
  /** Lines about requests, credentials and caches, for `--debug`. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Asks a person for the password of a user name that was given without one. */
  readonly askPassword?: ((username: string) => Promise<string>) | undefined;
  /** Only a handful of requests is to come, so that the start of their client counts. */
  readonly shortLived?: boolean | undefined;
  /** Called once, when there were more requests than a short command makes. */
  readonly onLongRun?: (() => void) | undefined;
}

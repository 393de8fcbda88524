import type { AllowHost } from '../http/address/allow-host.ts';
import type { RetryEvent } from '../http/retry/policy.ts';
import type { BeginWait } from '../util/abort.ts';
import type { ProcessNames } from '../util/temporaries.ts';

/** The machine and process of a client: where files are, and which other processes run. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path; undefined if the user has none: then no file in it is read or written. */
  readonly home: string | undefined;
  /** Operating system, as in Node's `process.platform`. */
  readonly os: string;
  /** The user's ID; undefined if the system has none. */
  readonly uid?: number | undefined;
  /** The time. */
  readonly now: () => Date;
  /** The running processes; absent: another run cannot resume what this one leaves. */
  readonly processes?: (() => Promise<ProcessNames>) | undefined;
  /** Called when a wait begins. Default: waits are not reported. */
  readonly beginWait?: BeginWait | undefined;
  /** Credential helpers included in regctl: command lines by name. */
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
  /** Directory for the blobs of OCI layouts, instead of their own. */
  readonly sharedBlobDir?: string | undefined;
  /** In PEM: additional CA certificates, and the client certificate and key of this side. */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** Which connection options apply: `--src-…`, `--dest-…`, or only the plain ones. */
export type Side = 'src' | 'dest' | 'single';

/** A side with a file's settings for the registry, which take precedence. */
export interface HostSide {
  readonly side: Side;
  readonly host: ConnectionOptions;
}

/** What applies to every registry that a client reaches. */
export interface ClientSettings {
  /** Docker's configuration directory, instead of the default one. */
  readonly config?: string | undefined;
  readonly authfile?: string | undefined;
  readonly registriesConf?: string | undefined;
  readonly daemonConfig?: string | undefined;
  /** Token servers that may receive the credentials of any registry. */
  readonly allowRealm: readonly string[];
  readonly retryTimes: number;
  readonly retryMaxWaitMs?: number | undefined;
  /** A constant wait between tries, instead of a growing one. */
  readonly retryDelayMs?: number | undefined;
  /** Minimum transfer rate in bytes per second; `undefined`: the HTTP client's default. */
  readonly minSpeed?: number | undefined;
  /**
   * Longest time from a request to its answer, including the first byte of a blob; `undefined`: the
   * HTTP client's defaults.
   */
  readonly headerTimeoutMs?: number | undefined;
  /** Longest time between two bytes of an answer; `undefined`: the HTTP client's default. */
  readonly idleTimeoutMs?: number | undefined;
  /** Sent as `User-Agent`; `undefined`: regctl and its version. */
  readonly userAgent?: string | undefined;
}

export interface ConnectionsOptions {
  readonly machine: Machine;
  readonly settings: ClientSettings;
  readonly warn: (text: string) => void;
  readonly note: (text: string) => void;
  readonly onRetry: (event: RetryEvent) => void;
  /** Hosts that may be contacted at all. Default: all. */
  readonly allowHost?: AllowHost | undefined;
  /** Lines about requests, credentials and caches, for `--debug`. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Prompts for the password of a username that was given without one. */
  readonly askPassword?: ((username: string) => Promise<string>) | undefined;
  /** Called once, after more requests than the copy of an image takes. */
  readonly onLongRun?: (() => void) | undefined;
  /** Which request makes a run long. Default: 100. */
  readonly longRunAfter?: number | undefined;
  /** Whether thousands of requests may follow: undici sends all of them. */
  readonly manyRequests?: boolean | undefined;
}

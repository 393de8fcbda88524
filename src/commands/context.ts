import type { Registries } from '../config/containers/types.ts';
import type { JudgeOptions, TrustedImage } from '../signing/policy/judged-image.ts';
import type { TrustSettings } from '../client/trust.ts';
import type { ClientSettings, HostSide, Machine, Side } from '../client/types.ts';
import type { Runtime } from '../client/version.ts';
import type { CopyEvent } from '../copy/types.ts';
import type { Login, LoginStore, TraceableCredentialChain } from '../credentials/types.ts';
import type { Probe } from '../http/probe/probe.ts';
import type { HttpClient } from '../http/types.ts';
import type { Platform } from '../oci/platform.ts';
import type { Reference } from '../reference/types.ts';
import type { RegistryClient } from '../registry/types.ts';
import type { OpenReadOptions, OpenWriteOptions, ReadStore, WriteStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Location } from '../transports/types.ts';
import type { Temporaries } from '../util/temporaries.ts';

/**
 * Everything that a command may use; built in `cli/context.ts`, replaced in tests. A handler names
 * the members that it uses: `run(context: Pick<Context, 'locate' | 'openRead'>, …)`.
 */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws AppError IO if the directory was removed */
  readonly cwd: string;
  /** Standard input, which can be read once. @throws AppError USAGE if it is a terminal */
  stdin(options?: CallOptions): Bytes;
  /** Directory for temporary files. */
  readonly tempDir: string;
  /** The facts that decide where this machine's files are. */
  readonly machine: Pick<Machine, 'home' | 'os' | 'uid'>;
  /** What runs the program, for `version`. */
  readonly runtime: Runtime;
  /** Names for temporary files, by which a later run removes them if this process is killed. */
  temporaries(): Promise<Temporaries>;
  now(): Date;
  /** Global options that commands read. */
  readonly flags: GlobalFlags;
  /** "busybox", "oci:…" → location. @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT */
  locate(image: string): Location;
  openRead(
    location: Location,
    side: Side | HostSide,
    options?: OpenReadOptions,
  ): Promise<ReadStore>;
  openWrite(
    location: Location,
    side: Side | HostSide,
    options?: OpenWriteOptions,
  ): Promise<WriteStore>;
  registry(side: Side | HostSide): Promise<RegistryClient>;
  /** For APIs other than /v2/, such as Docker Hub's. */
  http(side: Side): Promise<HttpClient>;
  /** Base URL of a registry's v2 API: "docker.io" → https://registry-1.docker.io/. */
  endpoint(side: Side, registry: string, options?: CallOptions): Promise<URL>;
  /** Probes the connection to a registry step by step; `mirrors` are other hosts to probe. */
  probe(side: Side, registry: string, mirrors: readonly string[]): Promise<Probe>;
  /** Parses a repository name, with or without a tag. @throws AppError INVALID_REFERENCE */
  reference(text: string): Reference;
  /** Mirrors, rewrites and blocks of this machine's files. @throws AppError CONFIG_INVALID, IO */
  registries(): Registries;
  /** The credential sources of a side, which can also explain a lookup. */
  credentials(side: Side): Promise<TraceableCredentialChain>;
  /** A client that uses only this login: `login` tries it before storing it. */
  registryForLogin(login: Login): Promise<RegistryClient>;
  /** Number of requests sent so far, on all sides. */
  requestCount(): number;
  /** The platform of `--multi-arch system`: this machine's, changed by `--override-…`. */
  readonly hostPlatform: Platform;
  /** Allows `realmHost` to receive the credentials of `registry`, in this run and later ones. */
  trustRealm(registry: string, realmHost: string): Promise<void>;
  /** The stored logins: `login` writes them, `logout` removes them. */
  readonly logins: LoginStore;
  /** Progress of a copy; rendered by cli/progress. */
  emit(event: CopyEvent): void;
  warn(text: string): void;
  /** Stops printing warnings. The returned function returns those since its last call. */
  captureWarnings(): () => readonly string[];
  /**
   * Checks an image by the keys and the trust policy of the command line. Returns what was verified,
   * which is all that may be copied; undefined if no signature is required.
   * @throws AppError POLICY_REJECTED; USAGE for a requirement that cannot be checked; CONFIG_INVALID,
   * IO for keys and policy; whatever prevents looking
   */
  requireTrusted(source: Location, options?: JudgeOptions): Promise<TrustedImage | undefined>;
  /** Prints a line on stderr, unless `--quiet` is set. */
  note(text: string): void;
  /** Calls `listener` for each such signal until the returned function is called. */
  onSignal(signal: 'SIGHUP' | 'SIGUSR1', listener: () => void): () => void;
  readonly terminal: Terminal;
  /** Memory and CPU time of this process, where they are known. */
  readonly usage?: (() => ProcessUsage) | undefined;
}

export interface ProcessUsage {
  /** Resident memory in bytes. */
  readonly memory: number;
  readonly cpuSeconds: number;
}

export interface GlobalFlags
  extends Pick<ClientSettings, 'config' | 'authfile' | 'allowRealm'>, TrustSettings {
  /** `--platform` as typed; several are joined by commas. */
  readonly platform: string | undefined;
  /** This machine's platform, changed by `--override-os`, `-arch` and `-variant`. */
  readonly override: Platform | undefined;
  readonly concurrency: number;
  readonly quiet: boolean;
  /** Whether the line is another tool's, whose scripts expect only that tool's output. */
  readonly asOtherTool: boolean;
}

/** Asks the user. `interactive` is false unless stdin and stderr are terminals. */
export interface Terminal {
  readonly interactive: boolean;
  confirm(question: string, options?: CallOptions): Promise<boolean>;
  prompt(question: string, options?: CallOptions & { hidden?: boolean }): Promise<string>;
  readStdin(limit: number, options?: CallOptions): Promise<string>;
}

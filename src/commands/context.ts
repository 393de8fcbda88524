import type { Registries } from '../config/containers/types.ts';
import type { ClientSettings, ConnectionOptions, Machine } from '../client/types.ts';
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

/** Which connection options apply: `--src-…`, `--dest-…`, or only the plain ones. */
export type Side = 'src' | 'dest' | 'single';

/** A side, with what a file says of the registry that is reached; that wins. */
export interface HostSide {
  readonly side: Side;
  readonly host: ConnectionOptions;
}

/**
 * Everything a command may touch; built in `cli/context.ts`, faked in tests. A handler names the
 * part that it uses: `run(context: Pick<Context, 'locate' | 'openRead'>, …)`.
 */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws AppError IO where the directory was removed */
  readonly cwd: string;
  /** Standard input, once. @throws AppError USAGE when it is a terminal */
  stdin(options?: CallOptions): Bytes;
  /** Folder for temporary files. */
  readonly tempDir: string;
  /** What decides where the machine's files are. */
  readonly machine: Pick<Machine, 'home' | 'os' | 'uid'>;
  /** Their names, by which they are swept if this process is killed. */
  temporaries(): Promise<Temporaries>;
  now(): Date;
  /** Global options that the commands themselves read. */
  readonly flags: GlobalFlags;
  /** "busybox", "docker://…", "oci:…" → location. @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT */
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
  /** For APIs that are not /v2/: Docker Hub's. */
  http(side: Side): Promise<HttpClient>;
  /** Base URL of a registry's v2 API, its scheme already settled: "docker.io" → https://registry-1.docker.io/. */
  endpoint(side: Side, registry: string, options?: CallOptions): Promise<URL>;
  /** Examines the connection to a registry step by step; `mirrors` are other hosts to examine. */
  probe(side: Side, registry: string, mirrors: readonly string[]): Promise<Probe>;
  /** Repository name (tag optional) of a registry. @throws AppError INVALID_REFERENCE */
  reference(text: string): Reference;
  /** Where the machine's files say that names are. @throws AppError CONFIG_INVALID, IO */
  registries(): Registries;
  /** The credential sources of a side, which can also say how they come to an answer. */
  credentials(side: Side): Promise<TraceableCredentialChain>;
  /** A client that uses exactly this login and no other source: `login` tries it before it is stored. */
  registryForLogin(login: Login): Promise<RegistryClient>;
  /** Requests sent so far, on all sides together. */
  requestCount(): number;
  /** What `--multi-arch system` means: this machine's platform, or what `--override-…` made of it. */
  readonly hostPlatform: Platform;
  /** Allows `realmHost` to receive the credentials of `registry`, from now on and in later runs. */
  trustRealm(registry: string, realmHost: string): Promise<void>;
  /** File and helper that `login` writes to and `logout` clears. */
  readonly logins: LoginStore;
  /** Progress of a copy; rendered by cli/progress. */
  emit(event: CopyEvent): void;
  warn(text: string): void;
  /** Warnings are not printed from now on: the function takes those that came since it last did. */
  captureWarnings(): () => readonly string[];
  /**
   * Refuses an image that the trust policy of the command line does not allow, before anything is
   * read of it. @throws AppError UNTRUSTED; CONFIG_INVALID, IO for the policy itself
   */
  requireTrusted(source: Location, options?: CallOptions): Promise<void>;
  /** stderr line that `--quiet` silences. */
  note(text: string): void;
  /** Calls `listener` for every such signal until the returned function is called. */
  onSignal(signal: 'SIGHUP' | 'SIGUSR1', listener: () => void): () => void;
  readonly terminal: Terminal;
}

export interface GlobalFlags extends Pick<ClientSettings, 'config' | 'authfile' | 'allowRealm'> {
  /** `--platform`, as it was written; several have commas between them. */
  readonly platform: string | undefined;
  /** What `--override-os`, `-arch` and `-variant` make of this machine's platform. */
  readonly override: Platform | undefined;
  readonly concurrency: number;
  /** What says which images may be copied; `host`: where skopeo looks for it. */
  readonly policy: { readonly file: string } | 'host' | undefined;
  readonly quiet: boolean;
}

/** Questions to a person. `interactive` is false without a terminal on stdin and stderr. */
export interface Terminal {
  readonly interactive: boolean;
  confirm(question: string, options?: CallOptions): Promise<boolean>;
  prompt(question: string, options?: CallOptions & { hidden?: boolean }): Promise<string>;
  readStdin(limit: number, options?: CallOptions): Promise<string>;
}

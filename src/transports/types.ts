import type { RegistryClient } from '../registry/types.ts';
import type { OpenReadOptions, OpenWriteOptions, ReadStore, WriteStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Temporaries } from '../util/temporaries.ts';

/** A parsed image name of any transport. */
export interface Location {
  readonly scheme: string;
  /** Registry and repository, or a path in the file system. */
  readonly name: string;
  /** Tag or digest; the digest if both were written. */
  readonly ref: string | undefined;
  /** The tag as written, also together with a digest. */
  readonly tag: string | undefined;
  /** Normal form, for messages and results: "docker.io/library/busybox:latest", "oci:./out:v1". */
  readonly text: string;
}

/** How Docker and podman are found on this machine. */
export interface EngineContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home directory; undefined if the user has none. */
  readonly home: string | undefined;
  /** Node's name of the system. */
  readonly os: string;
  /** `--config`: Docker's directory. */
  readonly configDir?: string | undefined;
  /** `--daemon-host`, or the option for one side. */
  readonly daemonHost?: string | undefined;
  /** `--cert-dir`: certificates for a daemon with TLS. */
  readonly certDir?: string | undefined;
  /** `--tls-verify`. Default true. */
  readonly tlsVerify?: boolean | undefined;
  /** Reports what an image loses in the engine. */
  note(text: string): void;
}

/** What a transport may use: all access to the process goes through here. */
export interface OpenContext {
  /** The registry client of this side of the command. */
  readonly registry: RegistryClient;
  /** Reads standard input, for an archive named "-". @throws AppError USAGE if it is a terminal */
  stdin(options?: CallOptions): Bytes;
  /**
   * Writes the next bytes of an archive named "-", whose memory may then be used again.
   * @throws AppError USAGE for a terminal
   */
  stdout(bytes: Uint8Array): Promise<void>;
  /** Directory for temporary files. */
  readonly tempDir: string;
  /** How to find the container engines of this machine; absent: none can be reached. */
  readonly engines?: EngineContext | undefined;
  /** Directory for the blobs of OCI layouts, instead of their own. */
  readonly sharedBlobs?: string | undefined;
  /**
   * Names for temporary files next to their destination, so that they are removed later if this
   * process is killed.
   */
  readonly temporaries: Temporaries;
}

export interface Transport {
  readonly scheme: string;
  /** One line for `--help`. */
  readonly help: string;
  /** Parses the text after "scheme:". @throws AppError INVALID_REFERENCE */
  parse(rest: string): Location;
  openRead(location: Location, context: OpenContext, options?: OpenReadOptions): Promise<ReadStore>;
  openWrite?(
    location: Location,
    context: OpenContext,
    options?: OpenWriteOptions,
  ): Promise<WriteStore>;
}

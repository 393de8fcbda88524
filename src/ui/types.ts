import type { Platform } from '../oci/platform.ts';
import type { Verdict } from '../signing/types.ts';
import type { OpenReadOptions, ReadStore } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';

/** How the pages reach registries: with the logins, mirrors and retries of the command line. */
export interface UiSources {
  /** "busybox" → location. @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT */
  locate(image: string): Location;
  openRead(location: Location, options?: OpenReadOptions): Promise<ReadStore>;
  /** @throws AppError UNSUPPORTED if the registry has no catalog */
  catalog(registry: string, options?: CallOptions): AsyncIterable<readonly string[]>;
  /** Registries with a stored login. */
  logins(options?: CallOptions): Promise<readonly string[]>;
  /**
   * Verifies the signatures of an image by the keys or the policy of the command line; absent
   * without any. `undefined`: no signature is required. @throws AppError POLICY_REJECTED
   */
  readonly verify?:
    | ((image: Location, options?: CallOptions) => Promise<readonly Verdict[] | undefined>)
    | undefined;
  /** Requests sent to registries so far. */
  requestCount(): number;
}

export interface UiOptions {
  readonly sources: UiSources;
  /** The platform whose size, layers and configuration are shown first. */
  readonly hostPlatform: Platform;
  /** Requests to a registry at a time. */
  readonly concurrency: number;
  readonly now: () => Date;
  /** Shows the pages that delete images. */
  readonly allowDelete: boolean;
  /** The page of "/": that of a registry or repository; absent: the list of registries. */
  readonly start?: string | undefined;
  /** Reports an error that is a bug in regctl. */
  readonly onBug: (error: unknown) => void;
  /** Called with a fresh key when a browser without a login asks for a page. */
  readonly onKey: (key: string) => void;
}

import type { AppError } from '../../errors/app-error.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { Location } from '../../transports/types.ts';
import type { SyncJob } from '../types.ts';

/** One image to copy. */
export interface WantedImage {
  /** Tag or digest at the source; undefined for the only image of a directory. */
  readonly ref: string | undefined;
  readonly tag: string | undefined;
  /** What the target's tag must point to before the copy; null: nothing. */
  readonly expected?: Digest | null | undefined;
}

/** Images of one source for one target. */
export interface PlannedRoute {
  readonly job: SyncJob;
  readonly source: Location;
  readonly target: Location;
  readonly images: readonly WantedImage[];
  /** All tags of the source, if they were listed. */
  readonly sourceTags: readonly string[] | undefined;
  /** Their names at this target, whether chosen or not; set only if tags are to be deleted. */
  readonly keptTags: ReadonlySet<string> | undefined;
}

/** A source that could not be listed. */
export interface FailedSource {
  readonly job: SyncJob;
  readonly source: string;
  readonly target: string;
  readonly error: AppError;
}

export interface SyncPlan {
  readonly routes: readonly PlannedRoute[];
  readonly failures: readonly FailedSource[];
  /** The manifests whose signatures counted; absent if no signature was required. */
  readonly signed?: ReadonlySet<Digest> | undefined;
}

/** Formats a name: "host/repo:tag" or "host/repo@sha256:…". */
export function nameOf({ name }: Location, ref: string | undefined): string {
  if (ref === undefined) return name;
  return `${name}${isDigest(ref) ? '@' : ':'}${ref}`;
}

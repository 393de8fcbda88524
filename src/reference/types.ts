import type { Digest } from '../oci/digest.ts';

/** A parsed registry reference. `registry` is logical: "docker.io", never "registry-1.docker.io" for it. */
export interface Reference {
  readonly registry: string;
  /** Path without host: "library/busybox". */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

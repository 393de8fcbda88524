import type { Digest } from '../oci/digest.ts';

/** A parsed image name. `registry` is logical: "docker.io", never "registry-1.docker.io". */
export interface Reference {
  readonly registry: string;
  /** Path without host: "library/busybox". */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

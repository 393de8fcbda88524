import type { Digest } from '../../oci/digest.ts';

/** What is stored under a digest no longer has it. */
export class DamagedContentError extends Error {
  override readonly name = 'DamagedContentError';
  readonly digest: Digest;

  constructor(kind: 'blob' | 'manifest', digest: Digest) {
    super(`the ${kind} ${digest} is damaged on disk: push it again`);
    this.digest = digest;
  }
}

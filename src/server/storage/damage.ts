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

/** What is damaged counts as absent: for those who are to push it again. */
export async function ifIntact<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof DamagedContentError) return undefined;
    throw error;
  }
}

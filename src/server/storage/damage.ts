import type { Digest } from '../../oci/digest.ts';

/** The data stored under a digest no longer matches it. */
export class DamagedContentError extends Error {
  override readonly name = 'DamagedContentError';
  readonly digest: Digest;

  constructor(kind: 'blob' | 'manifest', digest: Digest) {
    super(`the ${kind} ${digest} is damaged on disk: push it again`);
    this.digest = digest;
  }
}

/** Treats damaged data as absent, so that clients push it again. */
export async function ifIntact<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof DamagedContentError) return undefined;
    throw error;
  }
}

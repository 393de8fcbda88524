import type { Digest } from '../oci/digest.ts';

/** Digests that are kept whatever the rules say. */
export interface Protected {
  /** `--protect-digest` */
  readonly digests: ReadonlySet<Digest>;
  /** `--protect-file` */
  readonly listed?: ReadonlySet<Digest> | undefined;
  /** `--in-use` */
  readonly inUse: ReadonlySet<Digest>;
}

/** The options that protect a digest. */
export function protectorsOf(
  { digests, listed, inUse }: Protected,
  digest: Digest,
): readonly string[] {
  return [
    ...(digests.has(digest) ? ['--protect-digest'] : []),
    ...(listed?.has(digest) === true ? ['--protect-file'] : []),
    ...(inUse.has(digest) ? ['--in-use'] : []),
  ];
}

export function allProtected({ digests, listed, inUse }: Protected): ReadonlySet<Digest> {
  return new Set([...digests, ...(listed ?? []), ...inUse]);
}

import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Kind } from '../kinds.ts';

/**
 * Where a referrer was found: the referrers API or its fallback tag; a tag named after the digest,
 * as cosign's `sha256-HEX.sig`, `.att` and `.sbom`; or the attestation manifests that BuildKit lists
 * in an index.
 */
export type ReferrerSource = 'referrers' | 'digest-tag' | 'buildkit';

/** A manifest that refers to another. Nothing of it is verified but the digest. */
export interface Referrer {
  /**
   * As the store lists it. Fallback tags written by cosign lack the annotations and, in part, the
   * artifact type.
   */
  readonly descriptor: Descriptor;
  /** What it is listed for; its own `subject` may differ. */
  readonly subject: Digest;
  readonly source: ReferrerSource;
  /** The tag named after the digest. */
  readonly tag?: string;
}

/** One layer of a referrer. */
export interface ReferrerContent {
  readonly descriptor: Descriptor;
  /** The predicate type of an in-toto statement, else the media type. */
  readonly type: string;
  readonly kind: Kind | undefined;
  /** `org.opencontainers.image.title` */
  readonly title?: string | undefined;
}

/** A referrer with what is known about its contents. */
export interface DescribedReferrer extends Referrer {
  readonly artifactType: string | undefined;
  /** The types of all its contents, each once; empty if unknown. */
  readonly kinds: readonly Kind[];
  /** Predicate types, or else media types, as far as they are known. */
  readonly types: readonly string[];
  /** Its layers; absent if its manifest was not read. */
  readonly contents?: readonly ReferrerContent[];
  /** `org.opencontainers.image.created`, RFC 3339. */
  readonly created: string | undefined;
}

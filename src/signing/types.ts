import type { Digest } from '../oci/digest.ts';

/** How a signature is stored: cosign's bundle, its `.sig` tag, or its `.att` tag. */
export type Form = 'bundle' | 'simple' | 'attestation';

/** Why something does not count as evidence; its message completes "does not count: …". */
export class NotEvidence extends Error {
  override readonly name = 'NotEvidence';
}

/** Signed bytes, and who may have signed them. */
export interface Signed {
  /** What the signature is over. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
  /** The whole bundle as parsed JSON, for certificates. */
  readonly bundle?: unknown;
  /** The entry of a transparency log that the `.sig` form carries, JSON. */
  readonly rekorEntry?: string | undefined;
}

/** A signer that is trusted. */
export interface Signer {
  /** "key cosign.pub", "https://github.com/o/r/… (https://token.actions.githubusercontent.com)". */
  readonly name: string;
  /** Tells signers apart: the same key or identity counts once. */
  readonly id: string;
  /** RFC 3339; only certificates and logs come with a time that others vouch for. */
  readonly time?: string | undefined;
}

/** Those whose signatures count: keys, or identities of certificates. */
export interface Trusted {
  /** @throws NotEvidence unless one of them signed */
  signerOf(signed: Signed): Promise<Signer> | Signer;
}

/** What a signature has to say, besides coming from somebody trusted. */
export interface Demand {
  /** The predicate type that counts. Signatures in the `.sig` form have that of a signature. */
  readonly predicateType: string;
  /** Annotations that the signer has to have set. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The repository that the `.sig` form has to name; bundles name none and do not count. */
  readonly repository?: string | undefined;
}

/** One signature or attestation that was found, and whether it counts. */
export interface Verdict {
  readonly form: Form | 'other';
  /** The manifest that holds it. */
  readonly digest: Digest;
  /** The manifest that it is attached to: the image, or an index that contains it. */
  readonly subject: Digest;
  /** Predicate type of the payload, or the artifact type of what regctl cannot verify. */
  readonly type?: string | undefined;
  /** The repository that the payload names (`.sig` form). */
  readonly repository?: string | undefined;
  readonly signer?: Signer | undefined;
  /** When it was attached, as its own annotation says; nobody vouches for it. */
  readonly created?: string | undefined;
  /** Why it does not count; absent if it does. */
  readonly reason?: string | undefined;
}

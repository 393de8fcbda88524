import { AppError } from '../../errors/app-error.ts';

/** Media types of cosign and sigstore. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const SIMPLE_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const ENVELOPE_TYPE = 'application/vnd.dsse.envelope.v1+json';
export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';
export const NOTATION_TYPE = 'application/vnd.cncf.notary.signature';

/** The annotation of a `.sig` layer that holds the signature. */
export const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';

/** The annotation of a `.sig` layer with the promise of a log (cosign, SIGNATURE_SPEC.md). */
export const REKOR_ANNOTATION = 'dev.sigstore.cosign/bundle';

/** Versions of the bundle that regctl reads (sigstore/protobuf-specs, sigstore_bundle.proto). */
export const BUNDLE_TYPES: ReadonlySet<unknown> = new Set([
  BUNDLE_TYPE,
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
]);

/** The predicate type of a signature, as opposed to an attestation. */
export const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** cosign's short names of predicate types (cosign/pkg/cosign/attestation). */
export const PREDICATE_TYPES: Readonly<Record<string, string>> = {
  spdx: 'https://spdx.dev/Document',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance02: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
  link: 'https://in-toto.io/Link/v1',
  custom: 'https://cosign.sigstore.dev/attestation/v1',
};

/** `spdxjson` or a URI → the URI. @throws AppError USAGE */
export function predicateTypeOf(name: string): string {
  const known = Object.hasOwn(PREDICATE_TYPES, name) ? PREDICATE_TYPES[name] : undefined;
  if (known !== undefined) return known;
  if (/^[a-z][a-z0-9+.-]*:\S+$/u.test(name)) return name;
  throw new AppError('USAGE', `--type: "${name}" is neither a known type nor a URI`, {
    hint: `Known types: ${Object.keys(PREDICATE_TYPES).join(', ')}.`,
  });
}

/** The short name of a predicate type, for people. */
export function predicateName(type: string): string {
  if (type === SIGNATURE_PREDICATE) return 'signature';
  const found = Object.entries(PREDICATE_TYPES).findLast(([, uri]) => uri === type);
  return found?.[0] ?? type;
}

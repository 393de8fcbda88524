/** Types of referrers and artifacts, named as people know them. */
export type Kind =
  | 'signature'
  | 'Notation signature'
  | 'SBOM (SPDX)'
  | 'SBOM (CycloneDX)'
  | 'SBOM (Syft)'
  | 'provenance (SLSA)'
  | 'vulnerability report'
  | 'VEX'
  | 'Helm provenance'
  | 'Helm chart'
  | 'WebAssembly'
  | 'model'
  | 'attestation';

/** A type and how it begins; a longer type continues with one of `/ . ; + -` or a version. */
type KindTable = readonly (readonly [start: string, kind: Kind])[];

/** Predicate types of in-toto statements; versions follow as another path element. */
const PREDICATES: KindTable = [
  ['https://sigstore.dev/cosign/sign/v1', 'signature'],
  ['https://spdx.dev/Document', 'SBOM (SPDX)'],
  ['https://cyclonedx.org/bom', 'SBOM (CycloneDX)'],
  ['https://cyclonedx.org/specification', 'SBOM (CycloneDX)'],
  ['https://syft.dev/bom', 'SBOM (Syft)'],
  ['https://slsa.dev/provenance', 'provenance (SLSA)'],
  ['https://cosign.sigstore.dev/attestation/vuln/', 'vulnerability report'],
  ['https://in-toto.io/attestation/vulns', 'vulnerability report'],
  ['https://openvex.dev/ns', 'VEX'],
];

/** Media types, artifact types and types of configurations. */
const MEDIA_TYPES: KindTable = [
  ['application/vnd.dev.cosign.simplesigning.v1+json', 'signature'],
  ['application/vnd.cncf.notary.signature', 'Notation signature'],
  ['application/spdx+json', 'SBOM (SPDX)'],
  ['application/spdx', 'SBOM (SPDX)'],
  ['text/spdx', 'SBOM (SPDX)'],
  ['application/vnd.cyclonedx', 'SBOM (CycloneDX)'],
  ['application/vnd.syft+json', 'SBOM (Syft)'],
  ['application/sarif+json', 'vulnerability report'],
  ['application/vnd.security.vulnerability.report', 'vulnerability report'],
  ['application/vnd.openvex', 'VEX'],
  ['application/openvex', 'VEX'],
  ['application/vnd.csaf', 'VEX'],
  ['application/vnd.cncf.helm.chart.provenance', 'Helm provenance'],
  ['application/vnd.cncf.helm.config', 'Helm chart'],
  ['application/vnd.wasm.', 'WebAssembly'],
  ['application/wasm', 'WebAssembly'],
  ['application/vnd.cncf.model', 'model'],
  ['application/vnd.cnai.model', 'model'],
  ['application/vnd.docker.ai.model', 'model'],
];

/** Types that say only that a statement or a bundle is inside, whatever it states. */
const ENVELOPES = /^application\/vnd\.(?:in-toto|dsse|dev\.sigstore\.bundle)\b/u;

/** Annotations with the predicate type of a statement: cosign's two forms, BuildKit's. */
const PREDICATE_ANNOTATIONS = [
  'dev.sigstore.bundle.predicateType',
  'predicateType',
  'in-toto.io/predicate-type',
] as const;

/** The predicate type that annotations claim. */
export function annotatedPredicate(
  annotations: Readonly<Record<string, string>> | undefined,
): string | undefined {
  return PREDICATE_ANNOTATIONS.map((name) => annotations?.[name]).find(
    (type) => type !== undefined && type !== '',
  );
}

/** Every predicate type has a kind: those that are not in the table are attestations. */
export function kindOfPredicate(predicateType: string): Kind {
  return lookUp(PREDICATES, predicateType) ?? 'attestation';
}

/** `undefined` for a type that is not known, and for envelopes, which do not say their kind. */
export function kindOfMediaType(type: string): Kind | undefined {
  return lookUp(MEDIA_TYPES, type.toLowerCase());
}

/** Whether only the content, or an annotation, tells the kind of this type. */
export function isEnvelopeType(type: string): boolean {
  return ENVELOPES.test(type);
}

function lookUp(table: KindTable, type: string): Kind | undefined {
  return table.find(([start]) => {
    if (!type.startsWith(start)) return false;
    const rest = type.slice(start.length);
    return rest === '' || /[^\w]$/u.test(start) || /^[^\w]/u.test(rest);
  })?.[1];
}

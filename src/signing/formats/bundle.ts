import type { Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';
import { parseDocument, requireKnown } from './document.ts';
import { ENVELOPE, readEnvelope, type Envelope } from './envelope.ts';
import { BUNDLE_TYPES } from './types.ts';

const MATERIAL: Members = {
  publicKey: { hint: true },
  certificate: { rawBytes: true },
  x509CertificateChain: { certificates: { rawBytes: true } },
  tlogEntries: true,
  timestampVerificationData: true,
};

/** What may prove who signed: exactly one of these. */
const SIGNERS = ['publicKey', 'certificate', 'x509CertificateChain'] as const;

const BUNDLE: Members = {
  mediaType: true,
  verificationMaterial: MATERIAL,
  dsseEnvelope: ENVELOPE,
  messageSignature: true,
};

export interface Bundle {
  readonly envelope: Envelope;
  /** The bundle as parsed, which keyless verification needs as a whole. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * Reads a sigstore bundle that holds a statement (sigstore/protobuf-specs, sigstore_bundle.proto).
 * As protobuf's JSON, it has no member that the format lacks.
 * @throws NotEvidence
 */
export function readBundle(bytes: Uint8Array): Bundle {
  const document = parseDocument(bytes, 'bundle', BUNDLE);
  const { mediaType, verificationMaterial, dsseEnvelope, messageSignature } = document;
  if (!BUNDLE_TYPES.has(mediaType)) {
    throw new NotEvidence('it is a bundle of a version that regctl does not know');
  }
  requireKnown(document, BUNDLE, 'bundle');
  if (!isRecord(verificationMaterial)) throw new NotEvidence('it has no verification material');
  requireKnown(verificationMaterial, MATERIAL, 'verification material');
  const proofs = SIGNERS.filter((name) => verificationMaterial[name] !== undefined);
  if (proofs.length !== 1) {
    throw new NotEvidence(`it has ${proofs.length} of a key and certificates, not one`);
  }
  if (messageSignature !== undefined) {
    throw new NotEvidence('it signs a message, which names neither an image nor a type');
  }
  return { envelope: readEnvelope(dsseEnvelope), document };
}

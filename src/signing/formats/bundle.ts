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
  tlogEntries: {
    logIndex: true,
    logId: { keyId: true },
    kindVersion: { kind: true, version: true },
    integratedTime: true,
    inclusionPromise: { signedEntryTimestamp: true },
    inclusionProof: {
      logIndex: true,
      rootHash: true,
      treeSize: true,
      hashes: true,
      checkpoint: { envelope: true },
    },
    canonicalizedBody: true,
  },
  timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: true } },
};

const LISTS: ReadonlySet<string> = new Set(['certificates', 'tlogEntries', 'rfc3161Timestamps']);

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
 * As protobuf's JSON, it has no member that the format lacks, and null is nothing.
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
  requireMessage(verificationMaterial, MATERIAL, 'verification material');
  const proofs = SIGNERS.filter((name) => isSet(verificationMaterial[name]));
  if (proofs.length !== 1) {
    throw new NotEvidence(`it has ${proofs.length} of a key and certificates, not one`);
  }
  const { publicKey } = verificationMaterial;
  if (isRecord(publicKey) && isSet(publicKey['hint']) && typeof publicKey['hint'] !== 'string') {
    throw new NotEvidence('its hint is not a text');
  }
  if (isSet(messageSignature)) {
    throw new NotEvidence('it signs a message, which names neither an image nor a type');
  }
  return { envelope: readEnvelope(dsseEnvelope), document };
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** @throws NotEvidence for a member, at any depth, that the format does not have */
function requireMessage(value: unknown, members: Members, what: string): void {
  if (!isRecord(value)) throw new NotEvidence(`its ${what} is not an object`);
  requireKnown(value, members, what);
  for (const [name, inner] of Object.entries(members)) {
    const own = value[name];
    if (inner === true || !isSet(own)) continue;
    const all: unknown = LISTS.has(name) ? own : [own];
    if (!Array.isArray(all)) throw new NotEvidence(`its ${name} is not a list`);
    for (const one of all as readonly unknown[]) requireMessage(one, inner, name);
  }
}

import type { TrustMaterial, SignedEntity, Signer as Verified } from '@sigstore/verify';
import { asRecord, isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';
import type { CertificateIdentity } from './identity.ts';

/** What a certificate proves, once its chain, its time and the logs hold. */
export interface CertificateSigner extends CertificateIdentity {
  /** RFC 3339, as a log or a timestamp authority says. */
  readonly time: string;
}

const SAN = '2.5.29.17';
const SCT_EXTENSION = '1.3.6.1.4.1.11129.2.4.2';
const ISSUERS = ['1.3.6.1.4.1.57264.1.8', '1.3.6.1.4.1.57264.1.1'];

/** A root, ready to verify with. */
export interface Root {
  readonly material: TrustMaterial;
}

/** Reads roots for @sigstore/verify. @throws Error for one that is damaged */
export async function openRoots(documents: readonly object[]): Promise<readonly Root[]> {
  const { TrustedRoot } = await import('@sigstore/protobuf-specs');
  const { toTrustMaterial } = await import('@sigstore/verify');
  return documents.map((one) => ({ material: toTrustMaterial(TrustedRoot.fromJSON(one)) }));
}

/**
 * Verifies the signature of a bundle by its certificate, under the first root that it holds for.
 * Each root says by what it lists what is wanted: an inclusion proof by its logs (of a bundle of
 * version 0.1 the log's promise), else a timestamp, and an SCT by its certificate logs. `artifact` is what a message signature is over.
 * @throws NotEvidence
 */
export async function verifyByCertificate(
  document: Readonly<Record<string, unknown>>,
  roots: readonly Root[],
  artifact?: Buffer,
): Promise<CertificateSigner> {
  requireFew(document);
  requireSameRootHashes(document);
  let reason = 'no trusted root was given';
  for (const { material } of roots) {
    try {
      return await verifyUnder(material, document, artifact);
    } catch (error) {
      if (error instanceof NotEvidence) throw error;
      reason = `its certificate does not hold: ${wordsOf(error)}`;
    }
  }
  throw new NotEvidence(reason);
}

async function verifyUnder(
  material: TrustMaterial,
  document: Readonly<Record<string, unknown>>,
  artifact: Buffer | undefined,
): Promise<CertificateSigner> {
  const { bundleFromJSON } = await import('@sigstore/bundle');
  const { toSignedEntity, Verifier } = await import('@sigstore/verify');
  const { tlogs, ctlogs } = material;
  const verifier = new Verifier(material, {
    tlogThreshold: tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  const entity = entityFor(material, toSignedEntity(bundleFromJSON(document), artifact));
  try {
    return signerOf(entity, verifier.verify(entity));
  } catch (error) {
    // The time of a log suffices; a timestamp next to it that cannot be read takes nothing from it.
    const byLog = entity.timestamps.filter((one) => one.$case === 'transparency-log');
    if (byLog.length === 0 || byLog.length === entity.timestamps.length) throw error;
    const rest = { ...entity, timestamps: byLog };
    return signerOf(rest, verifier.verify(rest));
  }
}

/** What a root does not list is neither wanted nor believed. */
function entityFor({ tlogs, ctlogs }: TrustMaterial, entity: SignedEntity): SignedEntity {
  if (entity.key.$case !== 'certificate') throw new NotEvidence('it has no certificate');
  if (ctlogs.length === 0) ignoreScts(entity.key.certificate);
  if (tlogs.length > 0) return entity;
  return {
    ...entity,
    tlogEntries: [],
    timestamps: entity.timestamps.filter((one) => one.$case === 'timestamp-authority'),
  };
}

/** What a library says, in one line. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
}

type Certificate = Extract<SignedEntity['key'], { $case: 'certificate' }>['certificate'];

/** @sigstore/verify checks SCTs on a clone, and refuses those of logs that the root lacks. */
function ignoreScts(certificate: Certificate): void {
  const clone = certificate.clone.bind(certificate);
  certificate.clone = () => {
    const copy = clone();
    const { extensions } = copy;
    const at = extensions.findIndex(({ subs }) => subs[0]?.toOID() === SCT_EXTENSION);
    if (at >= 0) extensions.splice(at, 1);
    return copy;
  };
}

function signerOf(entity: SignedEntity, { identity }: Verified): CertificateSigner {
  const name = identity?.subjectAlternativeName ?? '';
  const issuer = identity?.extensions?.issuer ?? '';
  const raw = (ids: readonly string[]): readonly Buffer[] =>
    (identity?.oids ?? [])
      .filter(({ oid }) => ids.includes(oid?.id.join('.') ?? ''))
      .map(({ value }) => Buffer.from(value));
  requireExact(raw([SAN]), name);
  if (issuer !== '') requireExact(raw(ISSUERS), issuer);
  return { name, issuer, time: timeOf(entity) };
}

/** Node's `ascii` drops a bit, so that other bytes would read as this text. */
function requireExact(raw: readonly Buffer[], text: string): void {
  if (text !== '' && raw.some((one) => one.includes(Buffer.from(text)))) return;
  throw new NotEvidence('the names in its certificate cannot be compared');
}

function timeOf({ timestamps }: SignedEntity): string {
  const times = timestamps.map((one) =>
    one.$case === 'transparency-log'
      ? Number(one.tlogEntry.integratedTime) * 1000
      : one.timestamp.signingTime.getTime(),
  );
  return `${new Date(Math.min(...times)).toISOString().slice(0, 19)}Z`;
}

/** As sigstore-go: more than any bundle has, and each is compared with each other. */
const MAX_PROOFS = 32;

function requireFew({ verificationMaterial }: Readonly<Record<string, unknown>>): void {
  const { tlogEntries, timestampVerificationData } = asRecord(verificationMaterial);
  const { rfc3161Timestamps } = asRecord(timestampVerificationData);
  for (const list of [tlogEntries, rfc3161Timestamps]) {
    if (!Array.isArray(list) || list.length <= MAX_PROOFS) continue;
    throw new NotEvidence(`it has more than ${MAX_PROOFS} log entries or timestamps`);
  }
}

/** The proof and its checkpoint each name the root hash; @sigstore/verify reads that of the second. */
function requireSameRootHashes({ verificationMaterial }: Readonly<Record<string, unknown>>): void {
  const entries = isRecord(verificationMaterial) ? verificationMaterial['tlogEntries'] : undefined;
  const list: readonly unknown[] = Array.isArray(entries) ? entries : [];
  for (const entry of list) {
    const proof = isRecord(entry) ? entry['inclusionProof'] : undefined;
    if (!isRecord(proof)) continue;
    const { rootHash, checkpoint } = proof;
    const envelope = isRecord(checkpoint) ? checkpoint['envelope'] : undefined;
    const hash = String(envelope).split('\n')[2] ?? '';
    if (typeof rootHash === 'string' && isSame(rootHash, hash)) continue;
    throw new NotEvidence('its inclusion proof and its checkpoint name different root hashes');
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => Buffer.from(text, 'base64'));
  return a !== undefined && b !== undefined && a.byteLength > 0 && a.equals(b);
}

import type { Digest } from '../../oci/digest.ts';
import { decodePaddedBase64 } from '../formats/base64.ts';
import { readBundle } from '../formats/bundle.ts';
import { parseDocument } from '../formats/document.ts';
import { ENVELOPE, readEnvelope, type Envelope } from '../formats/envelope.ts';
import { readSimplePayload } from '../formats/simple-signing.ts';
import { readStatement } from '../formats/statement.ts';
import { predicateName, SIGNATURE_PREDICATE } from '../formats/types.ts';
import { NotEvidence, type Demand, type Trusted, type Verdict } from '../types.ts';
import type { Evidence, Found } from './layers.ts';
import { isRepository } from './repository.ts';

/** Judges one signature or attestation. */
export async function judge(found: Found, demand: Demand, trusted: Trusted): Promise<Verdict> {
  if ('reason' in found || !('bytes' in found)) return found;
  const { bytes: _bytes, signature: _signature, rekorEntry: _entry, ...known } = found;
  const said: Said = {};
  try {
    await (found.form === 'simple' ? simple : statement)(found, demand, trusted, said);
    return { ...known, ...said };
  } catch (error) {
    if (error instanceof NotEvidence) return { ...known, ...said, reason: error.message };
    throw error;
  }
}

/** What is known of it, also if it does not count. */
type Said = { -readonly [K in 'type' | 'repository' | 'signer']?: Verdict[K] };

type Judge = (found: Evidence, demand: Demand, trusted: Trusted, said: Said) => Promise<void>;

/** A bundle, or the envelope of an `.att` tag. */
const statement: Judge = async ({ bytes, form, subject }, demand, trusted, said) => {
  const { envelope, document } = form === 'bundle' ? readBundle(bytes) : readBare(bytes);
  const { payload, content, signature } = envelope;
  const read = readStatement(payload);
  const { predicateType } = read;
  said.type = predicateType;
  if (predicateType !== demand.predicateType) {
    const [is, wanted] = [predicateType, demand.predicateType].map(predicateName);
    throw new NotEvidence(`it is of the type ${is}, not ${wanted}`);
  }
  said.signer = await trusted.signerOf({ content, signature, bundle: document });
  const annotations = read.annotationsOf(subject);
  if (annotations === undefined) throw new NotEvidence('its statement is about another image');
  requireAnnotations(annotations, demand);
  if (demand.repository !== undefined) throw new NotEvidence('a bundle names no repository');
};

function readBare(bytes: Uint8Array): { envelope: Envelope; document?: undefined } {
  return { envelope: readEnvelope(parseDocument(bytes, 'envelope', ENVELOPE)) };
}

const simple: Judge = async ({ bytes, signature, rekorEntry, subject }, demand, trusted, said) => {
  said.type = SIGNATURE_PREDICATE;
  const payload = readSimplePayload(bytes);
  said.repository = payload.reference;
  said.signer = await trusted.signerOf({
    content: bytes,
    signature: decodePaddedBase64(signature, 'signature'),
    rekorEntry,
  });
  requireSubject(payload.digest, subject);
  requireAnnotations(payload.annotations, demand);
  const { repository } = demand;
  if (repository !== undefined && !isRepository(payload.reference, repository)) {
    throw new NotEvidence(`it was made for ${payload.reference ?? 'no repository'}`);
  }
};

function requireSubject(said: unknown, subject: Digest): void {
  if (said !== subject) throw new NotEvidence('its payload is about another image');
}

function requireAnnotations(
  found: Readonly<Record<string, string>>,
  { annotations = {} }: Demand,
): void {
  for (const [key, value] of Object.entries(annotations)) {
    if (Object.hasOwn(found, key) && found[key] === value) continue;
    throw new NotEvidence(`it does not have the annotation ${key}=${value}`);
  }
}

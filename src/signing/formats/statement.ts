import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import type { Members } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { NotEvidence } from '../types.ts';
import { parseDocument, textsOf } from './document.ts';

const TYPES: ReadonlySet<unknown> = new Set([
  'https://in-toto.io/Statement/v1',
  'https://in-toto.io/Statement/v0.1',
]);

const STATEMENT: Members = {
  _type: true,
  subject: { name: true, digest: true, annotations: true },
  predicateType: true,
  predicate: true,
};

export interface Statement {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** Annotations of the subject that was asked for; `undefined` if there is none. */
  annotationsOf(digest: Digest): Readonly<Record<string, string>> | undefined;
}

/** Reads an in-toto statement (in-toto/attestation, spec/v1/statement.md). @throws NotEvidence */
export function readStatement(payload: Uint8Array): Statement {
  const document = parseDocument(payload, 'statement', STATEMENT);
  const { _type, predicateType, predicate, subject } = document;
  if (!TYPES.has(_type)) throw new NotEvidence('its payload is not an in-toto statement');
  if (typeof predicateType !== 'string')
    throw new NotEvidence('its statement has no predicate type');
  const subjects: readonly unknown[] = Array.isArray(subject) ? subject : [];
  if (!subjects.every(isRecord))
    throw new NotEvidence('its statement has a subject that is not an object');
  return {
    predicateType,
    predicate,
    annotationsOf(digest) {
      const found = subjects.find((one) => names(one, digest));
      return isRecord(found) ? textsOf(found['annotations'], 'annotations') : undefined;
    },
  };
}

function names(subject: unknown, digest: Digest): boolean {
  const digests = isRecord(subject) ? subject['digest'] : undefined;
  return isRecord(digests) && digests[algorithmOf(digest)] === hexOf(digest);
}

export interface StatementContent {
  readonly digest: Digest;
  readonly predicateType: string;
  readonly predicate: unknown;
  /** Name of the subject, which attestations have and signatures do not. */
  readonly name?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A statement as cosign 3 writes it: v1 for a signature, v0.1 with a name for an attestation. */
export function writeStatement(content: StatementContent): Uint8Array {
  const { digest, predicateType, predicate, name, annotations } = content;
  const digests = { [algorithmOf(digest)]: hexOf(digest) };
  const subject =
    name === undefined
      ? { digest: digests, annotations: annotations ?? {} }
      : { name, digest: digests };
  const version = name === undefined ? 'v1' : 'v0.1';
  return Buffer.from(
    JSON.stringify({
      _type: `https://in-toto.io/Statement/${version}`,
      subject: [subject],
      predicateType,
      predicate,
    }),
  );
}

import { parseJsonStrict } from '../../oci/strict-json.ts';
import { isRecord } from '../../util/json.ts';
import { isEnvelopeType, kindOfPredicate, type Kind } from '../kinds.ts';

/** The content of a layer as a reader wants it: out of its bundle, envelope and statement. */
export interface DecodedContent {
  /** What to print: a document of its own, such as an SBOM, else the statement or the bytes. */
  readonly bytes: Uint8Array;
  readonly kind: Kind | undefined;
  /** The predicate type of a statement. */
  readonly predicateType: string | undefined;
  /** The predicate of a statement; undefined if the content is none. */
  readonly predicate: unknown;
}

/** Documents that are complete without the statement around them. */
const DOCUMENTS: ReadonlySet<Kind | undefined> = new Set<Kind | undefined>([
  'SBOM (SPDX)',
  'SBOM (CycloneDX)',
  'SBOM (Syft)',
  'VEX',
]);

/**
 * Decodes a sigstore bundle, a DSSE envelope or an in-toto statement to what it states; other
 * content stays as it is. Nothing is verified.
 * @throws AppError CORRUPT_LAYER if the layer is not what its media type says
 */
export function decodeContent(
  bytes: Uint8Array,
  mediaType: string,
  kind: Kind | undefined,
): DecodedContent {
  const asIs = { bytes, kind, predicateType: undefined, predicate: undefined };
  if (!isEnvelopeType(mediaType)) return asIs;
  const payload = payloadOf(bytes);
  const statement = parse(payload);
  const predicateType = isRecord(statement) ? statement['predicateType'] : undefined;
  if (!isRecord(statement) || typeof predicateType !== 'string') {
    return { ...asIs, bytes: payload };
  }
  const stated = kindOfPredicate(predicateType);
  const { predicate } = statement;
  const document = DOCUMENTS.has(stated) ? documentOf(payload, predicate) : payload;
  return { bytes: document, kind: stated, predicateType, predicate };
}

/** The signed bytes in a bundle or an envelope; a bare statement is its own payload. */
function payloadOf(bytes: Uint8Array): Uint8Array {
  const outer = parse(bytes);
  const envelope = isRecord(outer) && 'dsseEnvelope' in outer ? outer['dsseEnvelope'] : outer;
  if (!isRecord(envelope) || typeof envelope['payload'] !== 'string') return bytes;
  return Buffer.from(envelope['payload'], 'base64');
}

/** SPDX as text is a string; cosign 1 and 2 wrapped it once more: `{"Data": "…"}`. */
function documentOf(payload: Uint8Array, predicate: unknown): Uint8Array {
  const wrapped = isRecord(predicate) ? predicate['Data'] : predicate;
  if (typeof wrapped === 'string') return Buffer.from(wrapped);
  const text = Buffer.from(payload).toString('utf8');
  return Buffer.from(memberText(text, 'predicate') ?? text);
}

/** The text of one member of a valid JSON object, as it was written. */
export function memberText(json: string, name: string): string | undefined {
  let depth = 0;
  let key: string | undefined;
  let start = -1;
  for (let i = 0; i < json.length; i += 1) {
    const char = json[i];
    if (char === '"') {
      const end = endOfString(json, i);
      if (depth === 1 && start < 0) key = JSON.parse(json.slice(i, end)) as string;
      i = end - 1;
    } else if (char === '{' || char === '[') {
      depth += 1;
    } else if (char === '}' || char === ']' || (char === ',' && depth === 1)) {
      if (char !== ',') depth -= 1;
      if (start >= 0 && depth === (char === ',' ? 1 : 0)) return json.slice(start, i).trim();
    } else if (char === ':' && depth === 1 && start < 0 && key === name) {
      start = i + 1;
    }
  }
  return undefined;
}

/** Index after the closing quote. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function parse(bytes: Uint8Array): unknown {
  return parseJsonStrict(bytes, 'CORRUPT_LAYER', 'statement');
}

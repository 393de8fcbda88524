import { isDigest, type Digest } from '../oci/digest.ts';

/**
 * Tags that hold data for a digest instead of a version: the fallback of the referrers API
 * (`sha256-<hex>`, distribution-spec v1.1.1 "Referrers Tag Schema") and cosign's `.sig`, `.att`,
 * `.sbom`.
 */
const DIGEST_TAG =
  /^(?<algorithm>sha256|sha512)-(?<hex>[0-9a-f]{64,128})(?<kind>\.(?:sig|att|sbom))?$/u;

export function isDigestTag(tag: string): boolean {
  return DIGEST_TAG.test(tag);
}

/** Whether a tag begins with a complete digest, whatever suffix a tool added. */
export function isNamedAfterDigest(tag: string): boolean {
  return /^(?:sha256|sha512)-[0-9a-f]{64,128}(?:\.[\w.-]+)?$/u.test(tag);
}

/**
 * Suffix of cosign's tags; `undefined` for the fallback of the referrers API and for other tags.
 */
export function digestTagKind(tag: string): 'sig' | 'att' | 'sbom' | undefined {
  return DIGEST_TAG.exec(tag)?.groups?.['kind']?.slice(1) as 'sig' | 'att' | 'sbom' | undefined;
}

/**
 * The digest that a digest tag belongs to. A tag holds only 64 digits of a sha512, so that digest
 * is looked up in `known`; `undefined` if it is not there or the tag is not a digest tag.
 */
export function subjectOfDigestTag(tag: string, known: Iterable<Digest> = []): Digest | undefined {
  const { algorithm, hex } = DIGEST_TAG.exec(tag)?.groups ?? {};
  if (algorithm === undefined || hex === undefined) return undefined;
  const text = `${algorithm}:${hex}`;
  if (isDigest(text)) return text;
  for (const digest of known) if (digest.startsWith(text)) return digest;
  return undefined;
}

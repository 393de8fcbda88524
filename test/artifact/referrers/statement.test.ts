import { describe, expect, it } from 'vitest';
import { decodeContent, memberText } from '../../../src/artifact/referrers/statement.ts';
import { kindOfMediaType, kindOfPredicate } from '../../../src/artifact/kinds.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const predicate = '{"spdxVersion":"SPDX-2.3", "big": 12345678901234567890, "a": ["{", "}"]}';
const statement = `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://spdx.dev/Document","predicate":${predicate},"subject":[]}`;
const envelope = JSON.stringify({
  payloadType: IN_TOTO,
  payload: base64(statement),
  signatures: [],
});

describe('the content of a referrer', () => {
  it.each([
    ['a bare statement', IN_TOTO, statement],
    ['an envelope', 'application/vnd.dsse.envelope.v1+json', envelope],
    ['an envelope under the name of a statement', IN_TOTO, envelope],
    ['a bundle', BUNDLE, `{"mediaType":"${BUNDLE}","dsseEnvelope":${envelope}}`],
  ])('of %s is its SBOM, byte for byte', (_what, mediaType, text) => {
    const { bytes, kind, predicateType } = decodeContent(utf8(text), mediaType, undefined);
    expect(Buffer.from(bytes).toString()).toBe(predicate);
    expect(kind).toBe('SBOM (SPDX)');
    expect(predicateType).toBe('https://spdx.dev/Document');
  });

  it('is the document that cosign 1 wrapped as text', () => {
    const wrapped = statement.replace(
      predicate,
      '{"Data":"{\\"spdxVersion\\":1}","Timestamp":"t"}',
    );
    const { bytes } = decodeContent(utf8(wrapped), IN_TOTO, undefined);
    expect(Buffer.from(bytes).toString()).toBe('{"spdxVersion":1}');
  });

  it('is the text that cosign 2 and 3 attest as spdx', () => {
    const text = statement.replace(predicate, '"SPDXVersion: SPDX-2.3\\nname: a\\n"');
    const { bytes } = decodeContent(utf8(text), IN_TOTO, undefined);
    expect(Buffer.from(bytes).toString()).toBe('SPDXVersion: SPDX-2.3\nname: a\n');
  });

  it('is the whole statement of provenance and of other types', () => {
    const other = statement.replace('https://spdx.dev/Document', 'https://slsa.dev/provenance/v1');
    const { bytes, kind } = decodeContent(utf8(other), IN_TOTO, undefined);
    expect(Buffer.from(bytes).toString()).toBe(other);
    expect(kind).toBe('provenance (SLSA)');
  });

  it('stays as it is outside of envelopes, whatever it contains', () => {
    const { bytes, kind } = decodeContent(utf8('not JSON'), 'application/spdx+json', 'SBOM (SPDX)');
    expect(Buffer.from(bytes).toString()).toBe('not JSON');
    expect(kind).toBe('SBOM (SPDX)');
  });

  it('is an error if it is no JSON, or JSON with a key twice', () => {
    for (const text of ['not JSON', '{"payload":"e30=","payload":"e30="}'])
      expect(() => decodeContent(utf8(text), BUNDLE, undefined)).toThrow(/invalid statement/u);
  });
});

describe('memberText', () => {
  it.each([
    ['{"a":{"b":[1,2]},"b":3}', 'b', '3'],
    ['{"b":"x,}\\"","c":1}', 'b', '"x,}\\""'],
    ['{"x":{"b":1}}', 'b', undefined],
    ['{"\\u0062": [ {} ] }', 'b', '[ {} ]'],
    ['{}', 'b', undefined],
  ])('of %s, %s', (json, name, text) => {
    expect(memberText(json, name)).toBe(text);
  });
});

describe('types', () => {
  it.each([
    ['https://spdx.dev/Document/v2.3', 'SBOM (SPDX)'],
    ['https://slsa.dev/provenance/v0.2', 'provenance (SLSA)'],
    ['https://slsa.dev/provenances', 'attestation'],
    ['https://openvex.dev/ns/v0.2.0', 'VEX'],
    ['https://in-toto.io/attestation/vulns/v0.2', 'vulnerability report'],
    ['https://example.com/policy', 'attestation'],
  ])('predicate %s is a %s', (type, kind) => {
    expect(kindOfPredicate(type)).toBe(kind);
  });

  it.each([
    ['application/vnd.cyclonedx+json', 'SBOM (CycloneDX)'],
    ['application/vnd.cyclonedx+xml;version=1.6', 'SBOM (CycloneDX)'],
    ['text/spdx+json', 'SBOM (SPDX)'],
    ['application/vnd.security.vulnerability.report; version=1.1', 'vulnerability report'],
    ['application/vnd.cncf.notary.signature', 'Notation signature'],
    ['application/vnd.acme.sbom', undefined],
    [IN_TOTO, undefined],
  ])('%s is %s', (type, kind) => {
    expect(kindOfMediaType(type)).toBe(kind);
  });
});

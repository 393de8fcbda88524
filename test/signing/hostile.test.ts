import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { readPublicKey, trustKeys } from '../../src/signing/keys/public.ts';
import { SIGNATURE_PREDICATE } from '../../src/signing/formats/types.ts';
import { judge } from '../../src/signing/verify/judge.ts';
import { writeSimplePayload } from '../../src/signing/formats/simple-signing.ts';
import { writeStatement } from '../../src/signing/formats/statement.ts';
import { readVectors, type Content } from './vectors.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
const trusted = trustKeys([readPublicKey(pem, 'k')]);
const image = digestOf(Buffer.from('image'));
const hex = hexOf(image);
const longImage = digestOf(Buffer.from('image'), 'sha512');

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

/** A bundle around these bytes, which our key signs as an in-toto statement. */
function bundleOf(payload: string, type = 'application/vnd.in-toto+json'): string {
  const bytes = Buffer.from(payload);
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes]);
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: {
      payload: base64(bytes),
      payloadType: type,
      signatures: [{ sig: base64(signBytes('sha256', pae, pair.privateKey)) }],
    },
  });
}

const head = '"_type":"https://in-toto.io/Statement/v1"';
const tail = `"predicateType":"${SIGNATURE_PREDICATE}","predicate":{}`;
const about = (subject: string): string => `{${head},"subject":[${subject}],${tail}}`;
const ours = `{"digest":{"sha256":"${hex}"}}`;
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withPredicate = (predicate: string): string =>
  `{${head},"subject":[${ours}],"predicateType":"${SIGNATURE_PREDICATE}","predicate":${predicate}}`;

async function reasonOf(bundle: string | Uint8Array, subject = image): Promise<string | undefined> {
  const found = { form: 'bundle', bytes: Buffer.from(bundle), digest: image, subject } as const;
  const verdict = await judge(found, { predicateType: SIGNATURE_PREDICATE }, trusted);
  return verdict.reason;
}

/** Each attack beside a twin that differs in one thing and counts. */
describe('a statement that our key signed', () => {
  test.each<[string, attack: string, reason: RegExp, twin: string]>([
    [
      'about another image by its sha512, with our name',
      about(`{"name":"r.example/app@${image}","digest":{"sha512":"${hexOf(longImage)}"}}`),
      /about another image/u,
      about(`{"name":"anything","digest":{"sha512":"${hexOf(longImage)}","sha256":"${hex}"}}`),
    ],
    [
      'with a digest in capitals',
      about(`{"digest":{"sha256":"${hex.toUpperCase()}"}}`),
      /about another image/u,
      about(ours),
    ],
    [
      'with the algorithm in capitals',
      about(`{"digest":{"SHA256":"${hex}"}}`),
      /about another image/u,
      about(`{"digest":{"SHA256":"00","sha256":"${hex}"}}`),
    ],
    [
      'with our digest under another algorithm',
      about(`{"digest":{"sha1":"${hex}","gitCommit":"${hex}"}}`),
      /about another image/u,
      about(`{"digest":{"sha1":"00","sha256":"${hex}"}}`),
    ],
    [
      'whose digest is inherited',
      about(`{"digest":{"__proto__":{"sha256":"${hex}"}}}`),
      /about another image/u,
      about(`{"digest":{"__proto__":{"sha256":"00"},"sha256":"${hex}"}}`),
    ],
    [
      'whose digests are a list',
      about(`{"digest":[{"sha256":"${hex}"}]}`),
      /about another image/u,
      about(ours),
    ],
    [
      'whose digest is a list of one',
      about(`{"digest":{"sha256":["${hex}"]}}`),
      /about another image/u,
      about(ours),
    ],
    [
      'with a subject that is no list',
      `{${head},"subject":${ours},${tail}}`,
      /about another image/u,
      about(ours),
    ],
    [
      'with a subject that is null next to ours',
      about(`null,${ours}`),
      /subject that is not an object/u,
      about(`{},${ours}`),
    ],
    [
      'with a subject that is a text next to ours',
      about(`"${hex}",${ours}`),
      /subject that is not an object/u,
      about(`{"name":"${hex}"},${ours}`),
    ],
    [
      'with 100 000 subjects, none ours',
      about(Array.from({ length: 100_000 }, () => '{"digest":{"sha256":"00"}}').join(',')),
      /about another image/u,
      about([...Array.from({ length: 100_000 }, () => '{"digest":{}}'), ours].join(',')),
    ],
    [
      'with a second subject in a key that Go folds: the long s',
      `{${head},"ſubject":[${ours}],"subject":[],${tail}}`,
      /only in case/u,
      `{${head},"şubject":[],"subject":[${ours}],${tail}}`,
    ],
    [
      'with a digest in a key that Go folds',
      about(`{"Digest":{"sha256":"${hex}"},"digest":{"sha256":"00"}}`),
      /only in case/u,
      about(`{"Digests":{"sha256":"00"},"digest":{"sha256":"${hex}"}}`),
    ],
    [
      'with the predicate type twice, once escaped',
      `{${head},"subject":[${ours}],"predicateTyp\\u0065":"https://spdx.dev/Document",${tail}}`,
      /appears twice/u,
      `{${head},"subject":[${ours}],"predicateTypf":"https://spdx.dev/Document",${tail}}`,
    ],
    [
      'nested 100 000 levels deep',
      withPredicate(deep(100_000)),
      /nested deeper/u,
      withPredicate(deep(40)),
    ],
    ['in UTF-16', `\uFFFE${about(ours)}`, /its statement/u, about(ours)],
    ['that is null', 'null', /not an object/u, about(ours)],
    [
      'with a type of Statement/v2',
      about(ours).replace('/v1"', '/v2"'),
      /not an in-toto/u,
      about(ours),
    ],
  ])('%s', async (_case, attack, reason, twin) => {
    expect(await reasonOf(bundleOf(attack))).toMatch(reason);
    expect(await reasonOf(bundleOf(twin))).toBeUndefined();
  });

  test('about an image with a sha512 digest counts for that, not for its sha256', async () => {
    const bundle = bundleOf(about(`{"digest":{"sha512":"${hexOf(longImage)}"}}`));
    expect(await reasonOf(bundle, longImage)).toBeUndefined();
    expect(await reasonOf(bundle)).toMatch(/about another image/u);
  });
});

describe('an envelope around a good statement', () => {
  const good = bundleOf(about(ours));
  const change = (edit: (text: string) => string): string => {
    const changed = edit(good);
    expect(changed).not.toBe(good);
    return changed;
  };

  const withMaterial = (members: string): string =>
    change((t) => t.replace('"publicKey":{"hint":""}', members));

  test('counts as it is', async () => {
    expect(await reasonOf(good)).toBeUndefined();
  });

  test.each([
    '"publicKey":{}',
    '"publicKey":{"hint":null}',
    '"publicKey":{},"certificate":null',
    '"publicKey":{},"tlogEntries":null',
    '"publicKey":{},"tlogEntries":[]',
    '"publicKey":{},"timestampVerificationData":{"rfc3161Timestamps":[]}',
  ])('counts with %s, as in cosign', async (material) => {
    expect(await reasonOf(withMaterial(material))).toBeUndefined();
  });

  test('counts with a message signature that is null, as in cosign', async () => {
    const bundle = change((t) =>
      t.replace('"dsseEnvelope"', '"messageSignature":null,"dsseEnvelope"'),
    );
    expect(await reasonOf(bundle)).toBeUndefined();
  });

  test.each<[string, bundle: string, reason: RegExp]>([
    [
      'of a type that was signed, but is no statement',
      bundleOf(about(ours), 'application/vnd.in-toto+json;charset=utf-8'),
      /not an in-toto statement/u,
    ],
    [
      'of a type with a trailing space',
      bundleOf(about(ours), 'application/vnd.in-toto+json '),
      /not an in-toto statement/u,
    ],
    [
      'whose type was changed after it was signed',
      bundleOf(about(ours), 'text/plain').replace('text/plain', 'application/vnd.in-toto+json'),
      /did not sign/u,
    ],
    [
      'with a key that Go folds: the Kelvin sign',
      change((t) => t.replace('"publicKey"', '"public\u212Aey"')),
      /only in case|unknown member/u,
    ],
    [
      'with a second payload in another case',
      change((t) => t.replace('"payload"', '"Payload":"e30=","payload"')),
      /only in case/u,
    ],
    [
      'with a signature in a map',
      change((t) => t.replace('[{"sig"', '{"0":{"sig"').replace('}]', '}}')),
      /0 signatures/u,
    ],
    [
      'with a number for a signature',
      change((t) => t.replace(/"sig":"[^"]*"/u, '"sig":7')),
      /no signature/u,
    ],
    [
      'with a key and a certificate',
      change((t) => t.replace('"publicKey"', '"certificate":{"rawBytes":"AA=="},"publicKey"')),
      /2 of a key and certificates/u,
    ],
    [
      'nested 1000 levels deep',
      change((t) => t.replace('{"publicKey"', `{"tlogEntries":${deep(1000)},"publicKey"`)),
      /nested deeper/u,
    ],
    [
      'with a lone surrogate in a key',
      change((t) => t.replace('"dsseEnvelope"', '"\\ud800":1,"dsseEnvelope"')),
      /unknown member/u,
    ],
    ...(
      [
        ['a key that is null', '"publicKey":null', /0 of a key/u],
        ['a key that is a text', '"publicKey":"x"', /not an object/u],
        ['a key that is a list', '"publicKey":[]', /not an object/u],
        ['a key with another member', '"publicKey":{"pem":"x"}', /unknown member/u],
        ['a hint that is a number', '"publicKey":{"hint":7}', /hint is not a text/u],
        ['log entries that are a number', '"publicKey":{},"tlogEntries":5', /not a list/u],
        ['an unknown log entry', '"publicKey":{},"tlogEntries":[{"x":1}]', /unknown member/u],
        [
          'a checkpoint that is a text',
          '"publicKey":{},"tlogEntries":[{"inclusionProof":{"checkpoint":"x"}}]',
          /not an object/u,
        ],
        [
          'timestamps that are a text',
          '"publicKey":{},"timestampVerificationData":"x"',
          /not an object/u,
        ],
      ] as const
    ).map(([what, material, reason]): [string, string, RegExp] => [
      `with ${what}`,
      withMaterial(material),
      reason,
    ]),
    ['with NUL bytes after it', `${good}\0`, /not valid JSON/u],
    ['with two documents', `${good}\n${good}`, /not valid JSON|appears twice/u],
  ])('%s', async (_case, bundle, reason) => {
    expect(await reasonOf(bundle)).toMatch(reason);
  });

  test('with a log entry that nobody asked for counts by its key', async () => {
    const entries = '"tlogEntries":[{"logIndex":"1","canonicalizedBody":"e30="}],"publicKey"';
    expect(await reasonOf(change((t) => t.replace('"publicKey"', entries)))).toBeUndefined();
  });

  test('that is not UTF-8', async () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('hint')] = 0xff;
    expect(await reasonOf(bytes)).toMatch(/not UTF-8/u);
  });
});

describe('a signature of the .sig form', () => {
  const payload = writeSimplePayload(image, 'r.example/app', {});
  const encoded = base64(signBytes('sha256', payload, pair.privateKey));
  const reasonFor = async (signature: string): Promise<string | undefined> => {
    const found = { form: 'simple', bytes: payload, digest: image, subject: image, signature };
    return (
      await judge({ ...found, form: 'simple' }, { predicateType: SIGNATURE_PREDICATE }, trusted)
    ).reason;
  };

  test('counts in base64 with padding, and only so, as in cosign', async () => {
    expect(await reasonFor(encoded)).toBeUndefined();
    expect(await reasonFor(`${encoded}=`)).toMatch(/not base64/u);
    expect(await reasonFor(encoded.replace(/=*$/u, '\n'))).toMatch(/not base64/u);
    expect(await reasonFor('+/+/')).toMatch(/did not sign/u);
    expect(await reasonFor('-_-_')).toMatch(/not base64/u);
  });
});

/** Recorded: `cosign attest` of each type, the statement of which ours has to equal. */
describe('the statement of an attestation', () => {
  const { contents } = readVectors('images.json') as {
    readonly contents: Readonly<Record<string, Content>>;
  };
  interface Recorded {
    readonly predicateType: string;
    readonly predicate: unknown;
    readonly subject: readonly { readonly name?: string; readonly digest: { sha256: string } }[];
  }
  const statements = new Map<string, Recorded>();
  for (const content of Object.values(contents)) {
    if (!('text' in content) || !/"payload":/u.test(content.text)) continue;
    const { dsseEnvelope, payload } = JSON.parse(content.text) as {
      dsseEnvelope?: { payload: string };
      payload?: string;
    };
    const text = Buffer.from(dsseEnvelope?.payload ?? payload ?? '', 'base64').toString();
    const statement = JSON.parse(text) as Recorded;
    statements.set(statement.predicateType, statement);
  }

  test.each([...statements])('%s is as cosign writes it', (predicateType, recorded) => {
    const [subject] = recorded.subject;
    const digest = digestOf(Buffer.from(''));
    const ownDigest = `sha256:${subject?.digest.sha256}` as typeof digest;
    const { predicate } = recorded;
    const written = writeStatement({
      digest: ownDigest,
      predicateType,
      predicate,
      name: subject?.name,
    });
    expect(JSON.parse(Buffer.from(written).toString())).toEqual(recorded);
  });

  test('types are those that cosign names', () => {
    expect(statements.size).toBeGreaterThanOrEqual(7);
  });
});

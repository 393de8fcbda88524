import { writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { run as attest } from '../../src/commands/attest/run.ts';
import { run as sign } from '../../src/commands/sign/run.ts';
import { run as verify } from '../../src/commands/verify/run.ts';
import { AppError } from '../../src/errors/app-error.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, hexOf } from '../../src/oci/digest.ts';
import { readBundle } from '../../src/signing/formats/bundle.ts';
import { readStatement } from '../../src/signing/formats/statement.ts';
import { generateKeys } from '../../src/signing/keys/generate.ts';
import { EMPTY_CONFIG, json, sourceOf, writeReferrer } from '../../src/signing/sign/documents.ts';
import { findEvidence } from '../../src/signing/verify/evidence.ts';
import { fetchManifest } from '../../src/store/manifests.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { fakeContext, input, jsonOf, storeWith, textOf } from '../commands/fake-context.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { newMachine } from '../e2e/regctl.ts';
import { makeImage, makeIndex, writeLayout, type TestImage } from '../helpers/images.ts';
import { watchStore } from '../helpers/watched-store.ts';
import { contentBytes, readVectors, type Content } from './vectors.ts';

const NAME = 'r.example/team/app:v1';

let env: Record<string, string>;
beforeAll(() => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [a, b] = [pair(), pair()];
  const pem = { format: 'pem' } as const;
  env = {
    KEY: String(a.privateKey.export({ type: 'pkcs8', ...pem })),
    PUB: String(a.publicKey.export({ type: 'spki', ...pem })),
    KEY_B: String(b.privateKey.export({ type: 'sec1', ...pem })),
    PUB_B: String(b.publicKey.export({ type: 'spki', ...pem })),
  };
});

function contextOf(store: WriteStore, options: Record<string, string> = {}) {
  return fakeContext({
    env: { ...env, ...options },
    openRead: async () => store,
    openWrite: async () => store,
    stdin: () =>
      (async function* () {
        yield Buffer.from('{"spdxVersion":"SPDX-2.3"}');
      })(),
  });
}

const KEY = { key: 'env://KEY' };
const PUB = { key: ['env://PUB'] };

async function exitOf(store: WriteStore, options: object, image: string = NAME): Promise<unknown> {
  return (await verify(contextOf(store), input([image], { ...PUB, ...options }), {})).exit;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );
}

async function tagsOf(store: WriteStore): Promise<string[]> {
  return (await Array.fromAsync(store.capabilities.tags?.tags() ?? [])).flat();
}

describe('sign', () => {
  test.each(['bundle', 'simple', 'both'])('in the form %s, verify counts it', async (form) => {
    const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
    const options = { ...KEY, form, annotation: ['env=prod'] };
    const result = await sign(contextOf(store), input([NAME], options), {});
    expect(jsonOf(result)).toMatchObject({ Signatures: { length: form === 'both' ? 2 : 1 } });
    expect(textOf(result)).toMatch(/^r\.example\/team\/app@sha256:/u);
    expect(await exitOf(store, {})).toBe(0);
    expect(await exitOf(store, { annotation: ['env=prod'] })).toBe(0);
    expect(await exitOf(store, { annotation: ['env=test'] })).toBe(3);
    expect(await exitOf(store, { key: ['env://PUB_B'] })).toBe(3);
    expect(await exitOf(store, { requireRepository: 'r.example/team/app' })).toBe(
      form === 'bundle' ? 3 : 0,
    );
    expect(await exitOf(store, { requireRepository: 'r.example/team/other' })).toBe(3);
  });

  it('signs only the index, and with --recursive every manifest', async () => {
    const index = await makeIndex({ layers: 1 });
    const store = await storeWith({ v1: index });
    const { manifests } = JSON.parse(String(index.nodes.get(index.root.digest)?.bytes)) as {
      manifests: { digest: string }[];
    };
    const childName = `r.example/team/app@${manifests[0]?.digest}`;
    await sign(contextOf(store), input([NAME], KEY), {});
    expect(await exitOf(store, {})).toBe(0);
    expect(await exitOf(store, {}, childName)).toBe(3);
    const all = await sign(contextOf(store), input([NAME], { ...KEY, recursive: true }), {});
    expect(jsonOf(all)).toMatchObject({ Signatures: { length: 4 } });
    expect(await exitOf(store, {}, childName)).toBe(0);
  });

  it('sends the configuration that all bundles share once', async () => {
    const watched = watchStore(await storeWith({ v1: await makeIndex({ layers: 1 }) }));
    await sign(contextOf(watched.store), input([NAME], { ...KEY, recursive: true }), {});
    const pushes = watched.calls.filter((call) => call.startsWith('push '));
    const { digest } = EMPTY_CONFIG.descriptor;
    expect(pushes.filter((call) => call === `push ${digest}`)).toHaveLength(1);
    expect(pushes).toHaveLength(1 + 4 + 4);
  });

  it('keeps the signatures of others in the .sig tag, and its own once', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    const simple = { form: 'simple' };
    await sign(contextOf(store), input([NAME], { key: 'env://KEY_B', ...simple }), {});
    await sign(contextOf(store), input([NAME], { ...KEY, ...simple }), {});
    await sign(contextOf(store), input([NAME], { ...KEY, ...simple }), {});
    const found = await store.resolve(`sha256-${hexOf(image.root.digest)}.sig`);
    expect(await fetchManifest(store, found)).toMatchObject({ layers: { length: 2 } });
    expect(await exitOf(store, {})).toBe(0);
    expect(await exitOf(store, { key: ['env://PUB_B'] })).toBe(0);
  });

  it('writes the manifests of cosign byte for byte', async () => {
    const { cases, contents } = readVectors('images.json') as {
      cases: { id: string; manifests: { digest: string }[] }[];
      contents: Record<string, Content>;
    };
    const { manifests = [] } = cases.find(({ id }) => id === 'annotations') ?? {};
    const texts = manifests.map(({ digest }) => contentBytes(contents[digest]).toString());
    const cosigns = texts.find((text) => text.includes('dev.sigstore.bundle.content')) ?? '';
    const { layers, subject, annotations } = JSON.parse(cosigns) as {
      layers: [Descriptor];
      subject: Descriptor;
      annotations: Record<string, string>;
    };
    const ours = writeReferrer(layers[0], subject, {
      predicateType: annotations['dev.sigstore.bundle.predicateType'] ?? '',
      created: annotations['org.opencontainers.image.created'] ?? '',
    });
    expect(Buffer.from(ours).toString()).toBe(cosigns);
  });

  it('takes its time from SOURCE_DATE_EPOCH', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    await sign(contextOf(store, { SOURCE_DATE_EPOCH: '1767225600' }), input([NAME], KEY), {});
    const listed = await Array.fromAsync(
      store.capabilities.referrers?.referrers(image.root.digest) ?? [],
    );
    expect(listed[0]?.annotations).toMatchObject({
      'org.opencontainers.image.created': '2026-01-01T00:00:00Z',
    });
  });

  it('names the line of cosign without a key, and writes nothing', async () => {
    const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
    const failed = sign(contextOf(store), input([NAME]), {});
    await expect(failed).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('cosign sign') as unknown,
    });
    expect(await tagsOf(store)).toEqual(['v1']);
  });

  it('needs the password of a key', async () => {
    const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
    const keys = await generateKeys('ed25519', 'pw');
    const signed = (more: Record<string, string>) =>
      sign(
        contextOf(store, { SEALED: keys.private, ...more }),
        input([NAME], { key: 'env://SEALED' }),
        {},
      );
    expect(await codeOf(signed({}))).toBe('USAGE');
    expect(await codeOf(signed({ COSIGN_PASSWORD: 'other' }))).toBe('CONFIG_INVALID');
    expect(await codeOf(signed({ COSIGN_PASSWORD: 'pw' }))).toBeUndefined();
  });
});

describe('attest', () => {
  test.each(['bundle', 'simple', 'both'])('in the form %s', async (form) => {
    const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
    const options = { ...KEY, form, type: 'spdxjson', predicate: '-' };
    await attest(contextOf(store), input([NAME], options), {});
    expect(await exitOf(store, { type: 'spdxjson' })).toBe(0);
    expect(await exitOf(store, { type: 'https://spdx.dev/Document' })).toBe(0);
    expect(await exitOf(store, { type: 'cyclonedx' })).toBe(3);
    // An SBOM is no signature.
    expect(await exitOf(store, {})).toBe(3);
  });

  test.each([{ type: 'spdxjson' }, { predicate: '-' }, { type: 'nonsense', predicate: '-' }])(
    '%o is wrong usage',
    async (options) => {
      const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
      const failed = attest(contextOf(store), input([NAME], { ...KEY, ...options }), {});
      expect(await codeOf(failed)).toBe('USAGE');
    },
  );

  test.each(['[1]', '"text"', 'null'])(
    'refuses the predicate %s, as cosign does',
    async (predicate) => {
      const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
      const context = { ...contextOf(store), stdin: () => bytesOf(Buffer.from(predicate)) };
      const options = { ...KEY, type: 'https://example.com/scan/v1', predicate: '-' };
      expect(await codeOf(attest(context, input([NAME], options), {}))).toBe('USAGE');
    },
  );
});

describe('the predicate of each type that cosign has', () => {
  const TEXT = '{"spdxVersion":"SPDX-2.3"}';
  const PARSED = { spdxVersion: 'SPDX-2.3' };
  const CUSTOM = { Data: TEXT, Timestamp: '2026-02-01T00:00:00Z' };

  test.each<[string, string, unknown]>([
    ['spdx', 'https://spdx.dev/Document', TEXT],
    ['spdxjson', 'https://spdx.dev/Document', PARSED],
    ['cyclonedx', 'https://cyclonedx.org/bom', PARSED],
    ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1', PARSED],
    ['link', 'https://in-toto.io/Link/v1', PARSED],
    ['slsaprovenance', 'https://slsa.dev/provenance/v0.2', PARSED],
    ['slsaprovenance02', 'https://slsa.dev/provenance/v0.2', PARSED],
    ['slsaprovenance1', 'https://slsa.dev/provenance/v1', PARSED],
    ['openvex', 'https://openvex.dev/ns', PARSED],
    ['custom', 'https://cosign.sigstore.dev/attestation/v1', CUSTOM],
    [
      'https://cosign.sigstore.dev/attestation/v1',
      'https://cosign.sigstore.dev/attestation/v1',
      CUSTOM,
    ],
    ['https://example.com/scan/v1', 'https://example.com/scan/v1', PARSED],
  ])('%s', async (type, predicateType, predicate) => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    await attest(contextOf(store), input([NAME], { ...KEY, type, predicate: '-' }), {});
    const [found] = await findEvidence(store, image.root.digest, {
      signatures: false,
      concurrency: 1,
    });
    if (found === undefined || !('bytes' in found)) throw new Error('nothing was attached');
    const statement = readStatement(readBundle(found.bytes).envelope.payload);
    expect(statement).toMatchObject({ predicateType, predicate });
    expect(await exitOf(store, { type })).toBe(0);
  });
});

describe('an image that somebody attached very much to', () => {
  async function attachRaw(store: WriteStore, image: TestImage, bundle: Uint8Array): Promise<void> {
    const layer = sourceOf('application/vnd.dev.sigstore.bundle.v0.3+json', bundle);
    await store.push(layer);
    await store.push(EMPTY_CONFIG);
    const manifest = writeReferrer(layer.descriptor, image.root, {
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      created: '2026-01-01T00:00:00Z',
    });
    await store.push(sourceOf('application/vnd.oci.image.manifest.v1+json', manifest));
  }

  it('an image with a sha512 digest has no tag of cosign, which would be too long', async () => {
    const store = await storeWith({ v1: await makeImage({ layers: 1 }) });
    const asked: unknown[] = [];
    const watched: WriteStore = {
      ...store,
      async resolve(ref, options) {
        asked.push(ref);
        return store.resolve(ref, options);
      },
    };
    const digest = digestOf(Buffer.from('image'), 'sha512');
    const options = { signatures: true, concurrency: 1 };
    expect(await findEvidence(watched, digest, options)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('a signature of Notation is listed, and said to be unverified', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    await store.push(EMPTY_CONFIG);
    const bytes = json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.cncf.notary.signature',
      config: EMPTY_CONFIG.descriptor,
      layers: [EMPTY_CONFIG.descriptor],
      subject: image.root,
    });
    await store.push(sourceOf('application/vnd.oci.image.manifest.v1+json', bytes));
    const result = await verify(contextOf(store), input([NAME], PUB), {});
    expect(result.exit).toBe(3);
    expect(textOf(result)).toContain('a Notation signature, which regctl does not verify');
  });

  it('a bundle with 100 MB of spaces is not read', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    await sign(contextOf(store), input([NAME], KEY), {});
    await attachRaw(store, image, Buffer.alloc(20 * 1024 * 1024, ' '));
    const result = await verify(contextOf(store), input([NAME], PUB), {});
    expect(result.exit).toBe(0);
    expect(textOf(result)).toContain('20971520 bytes; at most 16777216 are read');
  });

  it('what is attached is read up to a total', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    await sign(contextOf(store), input([NAME], KEY), {});
    for (let i = 0; i < 5; i += 1) {
      await attachRaw(store, image, Buffer.alloc(16 * 1024 * 1024 - i, ' '));
    }
    const result = await verify(contextOf(store), input([NAME], PUB), {});
    expect(result.exit).toBe(0);
    expect(textOf(result)).toContain('more than 67108864 bytes are attached; it was not read');
  });

  it('10,000 referrers end, and what was not read is said', async () => {
    const image = await makeImage({ layers: 1 });
    const store = await storeWith({ v1: image });
    const garbage = sourceOf(
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      Buffer.from('garbage'),
    );
    await store.push(garbage);
    let opened = 0;
    const many: WriteStore = {
      ...store,
      capabilities: {
        ...store.capabilities,
        referrers: {
          async *referrers() {
            for (let n = 0; n < 10_000; n += 1) {
              const bytes = json({
                schemaVersion: 2,
                mediaType: 'application/vnd.oci.image.manifest.v1+json',
                config: EMPTY_CONFIG.descriptor,
                layers: [garbage.descriptor],
                subject: image.root,
                annotations: { n: String(n) },
              });
              yield {
                mediaType: 'application/vnd.oci.image.manifest.v1+json',
                digest: digestOf(bytes),
                size: bytes.byteLength,
              };
            }
          },
        },
      },
      async fetch(descriptor, options) {
        opened += 1;
        return store.fetch(descriptor, options);
      },
    };
    const result = await verify(contextOf(many), input([NAME], PUB), {});
    expect(result.exit).toBe(3);
    expect(opened).toBeLessThanOrEqual(2000);
    expect(textOf(result)).toContain('more than 1000 are attached; 9000 were not read');
  });
});

it('a layout of cosign save is verified by its annotations', async () => {
  const image = await makeImage({ layers: 1 });
  const store = await storeWith({ v1: image });
  await sign(contextOf(store), input([NAME], { ...KEY, form: 'simple' }), {});
  const sig = await store.resolve(`sha256-${hexOf(image.root.digest)}.sig`);
  const held = await fetchManifest(store, sig);
  if (held.kind !== 'image') throw new Error('no manifest');
  await using machine = await newMachine();
  await writeLayout(machine.dir.join('saved'), { v1: image });
  const blobs = [sig, held.config, ...held.layers];
  for (const one of blobs) {
    const bytes = Buffer.concat(await Array.fromAsync(await store.fetch(one)));
    await writeFile(machine.dir.join(`saved/blobs/sha256/${hexOf(one.digest)}`), bytes);
  }
  const kind = (name: string) => ({ annotations: { kind: `dev.cosignproject.cosign/${name}` } });
  const manifests = [
    { ...image.root, ...kind('image') },
    { ...sig, ...kind('sigs') },
  ];
  await writeFile(
    machine.dir.join('saved/index.json'),
    JSON.stringify({ schemaVersion: 2, manifests }),
  );
  await writeFile(machine.dir.join('a.pub'), env['PUB'] ?? '');
  await writeFile(machine.dir.join('b.pub'), env['PUB_B'] ?? '');
  await machine.expect(0, ['verify', '--key', 'a.pub', 'oci:saved']);
  await machine.expect(3, ['verify', '--key', 'b.pub', 'oci:saved']);
  // The copy has the tag of a registry.
  await machine.expect(0, ['copy', '--verify-key', 'a.pub', 'oci:saved', 'oci:out:v1']);
  await machine.expect(0, ['verify', '--key', 'a.pub', 'oci:out:v1']);
});

it('layouts and archives are signed and verified without a network', async () => {
  await using machine = await newMachine();
  await writeLayout(machine.dir.join('app'), { v1: await makeIndex({ layers: 1 }) });
  const withPassword = { env: { COSIGN_PASSWORD: '' } };
  await machine.expect(0, ['key', 'generate'], withPassword);
  await machine.expect(3, ['key', 'generate'], withPassword);
  for (const [file, name] of [
    ['plain.key', 'KEY'],
    ['plain.pub', 'PUB'],
  ] as const) {
    await writeFile(machine.dir.join(file), env[name] ?? '');
  }
  await machine.expect(3, ['verify', '--key', 'plain.pub', 'oci:app:v1']);
  const signing = ['sign', '--key', 'plain.key'];
  await machine.expect(0, [...signing, 'oci:app:v1']);
  await machine.expect(64, [...signing, '--form', 'simple', 'oci:app:v1']);
  const named = ['--sign-container-identity', 'r.example/app:v1'];
  await machine.expect(0, [...signing, '--form', 'simple', ...named, 'oci:app:v1']);
  await machine.expect(0, ['copy', '--referrers', 'oci:app:v1', 'oci-archive:app.tar:v1']);
  for (const place of ['oci:app:v1', 'oci-archive:app.tar:v1']) {
    const verifying = ['verify', '--key', 'plain.pub', '--platform', 'linux/arm64', place];
    const found = await machine.json(verifying);
    expect(found).toMatchObject({
      Verified: true,
      PodmanReadable: true,
      Signatures: { length: 2 },
    });
  }
  await machine.expect(3, ['verify', '--key', 'cosign.pub', 'oci:app:v1']);
});

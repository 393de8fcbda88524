import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseManifest } from '../../src/oci/manifest.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { EMPTY_CONFIG, sourceOf, writeReferrer } from '../../src/signing/sign/documents.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer, type PeerName } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';
import { contentBytes, readVectors, type Content } from '../signing/vectors.ts';

let machine: Machine;
let registry: RegistryServer;
beforeAll(async () => {
  [machine, registry] = await Promise.all([
    newMachine(),
    startRegistryServer({ storage: createMemoryStorage() }),
  ]);
});
afterAll(async () => {
  await registry?.close();
  await machine?.[Symbol.asyncDispose]();
});

/** No proxy leads out: a program that asks a service of sigstore fails at once. */
function tool(name: PeerName, args: readonly string[]): Promise<Finished> {
  const env = { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1', COSIGN_PASSWORD: '' };
  return run(peer(name) ?? '', args, { cwd: machine.dir.path, env: { ...machine.env, ...env } });
}

describeUnless(missingPeers('skopeo'), 'skopeo and regctl', () => {
  const policyOf = async (identity?: object): Promise<string> => {
    const requirement = { type: 'sigstoreSigned', keyPath: machine.dir.join('k.pub') };
    const own = identity === undefined ? {} : { signedIdentity: identity };
    const policy = { default: [{ ...requirement, ...own }] };
    await writeFile(machine.dir.join('policy.json'), JSON.stringify(policy));
    return 'policy.json';
  };
  const skopeoCopy = (from: string, to: string, more: readonly string[] = []): Promise<Finished> =>
    tool('skopeo', [
      '--registries.d=regd',
      'copy',
      '--all',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      ...more,
      from,
      to,
    ]);

  beforeAll(async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = { format: 'pem' } as const;
    await writeFile(machine.dir.join('k.key'), privateKey.export({ type: 'pkcs8', ...pem }));
    await writeFile(machine.dir.join('k.pub'), publicKey.export({ type: 'spki', ...pem }));
    await mkdir(machine.dir.join('regd'));
    const attachments = 'default-docker:\n  use-sigstore-attachments: true\n';
    await writeFile(machine.dir.join('regd/default.yaml'), attachments);
    await pushImage(registry.url.origin, 'sk/one', ['v1'], await makeImage({ layers: 1 }));
    await pushImage(registry.url.origin, 'sk/index', ['v1'], await makeIndex({ layers: 1 }));
  });

  it('skopeo accepts what regctl signs, by its default rule for names', async () => {
    const policy = ['--policy', await policyOf()];
    for (const [name, more] of [
      ['one', []],
      ['index', ['--recursive']],
    ] as const) {
      const image = `${registry.url.host}/sk/${name}:v1`;
      const before = await tool('skopeo', [
        ...policy,
        '--registries.d=regd',
        'copy',
        '--all',
        '--src-tls-verify=false',
        `docker://${image}`,
        `dir:${name}-before`,
      ]);
      expect(before.code).toBe(1);
      await machine.expect(0, ['sign', '--key', 'k.key', '--form', 'simple', ...more, image]);
      const after = await tool('skopeo', [
        ...policy,
        '--registries.d=regd',
        'copy',
        '--all',
        '--src-tls-verify=false',
        `docker://${image}`,
        `dir:${name}-after`,
      ]);
      expect(after.code, after.stderr).toBe(0);
      await machine.expect(0, ['copy', ...policy, image, `oci:${name}:v1`]);
    }
  });

  it('regctl accepts what skopeo signs, and refuses it under another name', async () => {
    await machine.expect(0, ['key', 'generate', '--output-key-prefix', 'sealed'], {
      env: { COSIGN_PASSWORD: 'pw' },
    });
    await writeFile(machine.dir.join('pass'), 'pw\n');
    const to = `${registry.url.host}/sk/signed:v1`;
    const signed = await skopeoCopy(`docker://${registry.url.host}/sk/one:v1`, `docker://${to}`, [
      '--sign-by-sigstore-private-key=sealed.key',
      '--sign-passphrase-file=pass',
    ]);
    expect(signed.code, signed.stderr).toBe(0);
    await machine.expect(0, ['verify', '--key', 'sealed.pub', to]);
    const other = ['verify', '--key', 'sealed.pub', '--require-repository', 'r.example/other', to];
    await machine.expect(3, other);
  });
});

interface Case {
  readonly id: string;
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly flags: readonly string[];
  readonly asked: string;
}

describeUnless(missingPeers('cosign'), 'keyless signatures in cosign and regctl', () => {
  const { cases, contents } = readVectors('keyless.json') as {
    readonly cases: readonly Case[];
    readonly contents: Readonly<Record<string, Content>>;
  };

  /** The image of the recording, with a bundle attached. */
  async function attach(repository: string, { bundle, asked }: Case): Promise<string> {
    const raw = contentBytes(contents[asked]);
    const manifest = parseManifest(raw);
    if (manifest.kind !== 'image') throw new Error('no image');
    const { mediaType } = manifest;
    const root = { mediaType, digest: digestOf(raw), size: raw.byteLength };
    const layer = sourceOf(
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      contentBytes(contents[bundle]),
    );
    const referrer = writeReferrer(layer.descriptor, root, {
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      created: '2026-11-29T00:00:00Z',
    });
    const node = (descriptor: TestImage['root'], bytes: Uint8Array) =>
      [descriptor.digest, { descriptor, bytes }] as const;
    const parts = [manifest.config, ...manifest.layers].map((one) =>
      node(one, contentBytes(contents[one.digest])),
    );
    await pushImage(registry.url.origin, repository, ['v1'], {
      root,
      nodes: new Map([...parts, node(root, raw)]),
    });
    const attached = sourceOf(mediaType, referrer).descriptor;
    await pushImage(registry.url.origin, repository, ['attached'], {
      root: attached,
      nodes: new Map([
        node(EMPTY_CONFIG.descriptor, Buffer.from('{}')),
        node(layer.descriptor, contentBytes(contents[bundle])),
        node(attached, referrer),
      ]),
    });
    return `${registry.url.host}/${repository}:v1`;
  }

  it.each([
    ['good', 0],
    ['identity-prefix', 3],
    ['issuer-slash', 3],
    ['root-other-ca', 3],
    ['other-digest', 3],
    ['payload-flipped', 3],
  ])('%s', async (id, status) => {
    const one = cases.find((each) => each.id === id);
    if (one === undefined) throw new Error(`no case ${id}`);
    const image = await attach(`keyless/${id}`, one);
    await writeFile(machine.dir.join(one.trustedRoot), contentBytes(contents[one.trustedRoot]));
    const root = ['--trusted-root', one.trustedRoot];
    await machine.expect(status, ['verify', ...root, ...one.flags, image]);
    const theirs = ['verify', ...root, ...one.flags, '--allow-insecure-registry', image];
    const done = await tool('cosign', theirs);
    expect(done.code === 0, done.stderr).toBe(status === 0);
  });
});

import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run, type Finished } from '../helpers/commands.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';
import { readVectors } from '../signing/vectors.ts';

interface Registry extends AsyncDisposable {
  readonly host: string;
}

interface Kind {
  readonly name: string;
  /** Why this kind of registry cannot be started here. */
  readonly missing: string | undefined;
  start(): Promise<Registry>;
}

const REGISTRIES: readonly Kind[] = [
  {
    name: 'serve',
    missing: undefined,
    start: async () => {
      const server = await startRegistryServer({ storage: createMemoryStorage() });
      return { host: server.url.host, [Symbol.asyncDispose]: () => server.close() };
    },
  },
  {
    name: "Debian's docker-registry",
    missing: missingPrograms('docker-registry'),
    start: () => startDockerRegistry(),
  },
  {
    name: 'distribution 3',
    missing: missingPeers('distribution'),
    start: () => startDockerRegistry({ program: peer('distribution') }),
  },
];

interface Key {
  readonly id: string;
  readonly private: string;
  readonly password: string;
  readonly opened: string;
}

const KINDS = [
  'p256-pkcs8',
  'p384-pkcs8',
  'p521-ec',
  'rsa2048-rsa',
  'rsa4096-pkcs8',
  'ed25519-pkcs8',
];
const { keys } = readVectors('keys.json') as { keys: readonly Key[] };
const usedKeys = keys.filter(({ id }) => KINDS.includes(id));

/** cosign without its services, and with the older form. */
const OFFLINE = ['--signing-config', 'sc.json', '--trusted-root', 'tr.json'];
const OLDER = ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];
const OLDER_VERIFY = ['--new-bundle-format=false'];

for (const kind of REGISTRIES) {
  describeUnless(
    kind.missing ?? missingPeers('cosign'),
    `cosign and regctl on ${kind.name}`,
    () => {
      let machine: Machine;
      let registry: Registry;
      let image: TestImage;
      let index: TestImage;

      beforeAll(async () => {
        [machine, registry] = await Promise.all([newMachine(), kind.start()]);
        [image, index] = await Promise.all([makeImage({ layers: 1 }), makeIndex({ layers: 1 })]);
        for (const { id, private: text, opened } of usedKeys) {
          await writeFile(machine.dir.join(`${id}.key`), text);
          const pem = createPublicKey(opened).export({ type: 'spki', format: 'pem' });
          await writeFile(machine.dir.join(`${id}.pub`), pem);
        }
        const config = {
          mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
          rekorTlogConfig: {},
          tsaConfig: {},
        };
        await writeFile(machine.dir.join('sc.json'), JSON.stringify(config));
        await writeFile(machine.dir.join('sbom.json'), '{"spdxVersion":"SPDX-2.3"}');
        await cosign(['trusted-root', 'create', '--out', 'tr.json']);
      });
      afterAll(async () => {
        await registry?.[Symbol.asyncDispose]();
        await machine?.[Symbol.asyncDispose]();
      });

      // No proxy leads out: a program that asks a service of sigstore fails at once.
      const cosign = (args: readonly string[], password = ''): Promise<Finished> =>
        run(peer('cosign') ?? '', args, {
          cwd: machine.dir.path,
          env: {
            ...machine.env,
            COSIGN_PASSWORD: password,
            HTTPS_PROXY: 'http://127.0.0.1:9',
            NO_PROXY: '127.0.0.1',
          },
        });
      const cosignVerify = (verb: string, id: string, name: string, more: readonly string[] = []) =>
        cosign([
          verb,
          '--key',
          `${id}.pub`,
          '--insecure-ignore-tlog',
          '--allow-insecure-registry',
          ...more,
          name,
        ]);
      const ours = (verb: string, { id, password }: Key, more: readonly string[]) =>
        machine.expect(0, [verb, '--key', `${id}.key`, ...more], {
          env: { COSIGN_PASSWORD: password },
        });
      const pushed = async (repository: string, what: TestImage): Promise<string> => {
        await pushImage(`http://${registry.host}`, repository, ['v1'], what);
        return `${registry.host}/${repository}`;
      };

      it.each(usedKeys.map((key) => [key.id, key] as const))(
        'cosign verifies what regctl signs with %s, in both forms',
        async (id, key) => {
          const name = await pushed(`ours/${id}`, image);
          await ours('sign', key, ['--form', 'simple', '-a', 'env=prod', `${name}:v1`]);
          const simple = await cosignVerify('verify', id, `${name}:v1`, [
            ...OLDER_VERIFY,
            '-a',
            'env=prod',
          ]);
          expect(simple.code, simple.stderr).toBe(0);
          await ours('sign', key, ['-a', 'env=prod', `${name}:v1`]);
          const bundle = await cosignVerify('verify', id, `${name}:v1`, ['-a', 'env=prod']);
          expect(bundle.code, bundle.stderr).toBe(0);
          const other = await cosignVerify('verify', id, `${name}:v1`, ['-a', 'env=test']);
          expect(other.code).not.toBe(0);
        },
      );

      it.each(usedKeys.map((key) => [key.id, key] as const))(
        'regctl verifies what cosign signs with %s, in both forms',
        async (id, { password }) => {
          for (const [form, options] of [
            ['bundle', OFFLINE],
            ['simple', OLDER],
          ] as const) {
            const name = await pushed(`theirs/${id}-${form}`, image);
            const at = `${name}@${image.root.digest}`;
            const args = [
              'sign',
              '--yes',
              '--key',
              `${id}.key`,
              ...options,
              '--allow-insecure-registry',
              at,
            ];
            const signed = await cosign(args, password);
            // cosign 3.1.3 cannot sign a bundle with an Ed25519 key and a trusted root.
            if (form === 'bundle' && id.startsWith('ed25519')) expect(signed.code).toBe(1);
            else {
              expect(signed.code, signed.stderr).toBe(0);
              await machine.expect(0, ['verify', '--key', `${id}.pub`, `${name}:v1`]);
            }
            await machine.expect(3, [
              'verify',
              '--key',
              'rsa2048-rsa.pub'.replace(id, 'p256-pkcs8'),
              `${name}:v1`,
            ]);
          }
        },
      );

      it('both read the index, and with --recursive its manifests', async () => {
        const [key] = usedKeys;
        if (key === undefined) throw new Error('no key');
        const child = (
          JSON.parse(String(index.nodes.get(index.root.digest)?.bytes)) as {
            manifests: { digest: string }[];
          }
        ).manifests[1]?.digest;
        const mine = await pushed('index/ours', index);
        await ours('sign', key, ['--recursive', '--form', 'both', `${mine}:v1`]);
        for (const ref of [`${mine}:v1`, `${mine}@${child}`]) {
          for (const more of [[], OLDER_VERIFY]) {
            const done = await cosignVerify('verify', key.id, ref, more);
            expect(done.code, done.stderr).toBe(0);
          }
        }
        const theirs = await pushed('index/theirs', index);
        const at = `${theirs}@${index.root.digest}`;
        const sign = ['sign', '--yes', '--key', `${key.id}.key`, '--allow-insecure-registry'];
        expect((await cosign([...sign, ...OFFLINE, at], key.password)).code).toBe(0);
        const verify = ['verify', '--key', `${key.id}.pub`];
        await machine.expect(0, [...verify, '--platform', 'linux/arm64', `${theirs}:v1`]);
        await machine.expect(3, [...verify, `${theirs}@${child}`]);
        expect((await cosign([...sign, ...OFFLINE, '--recursive', at], key.password)).code).toBe(0);
        await machine.expect(0, [...verify, `${theirs}@${child}`]);
      });

      it('both read attestations of the other', async () => {
        const [key] = usedKeys;
        if (key === undefined) throw new Error('no key');
        const predicate = ['--type', 'spdxjson', '--predicate', 'sbom.json'];
        const mine = await pushed('sbom/ours', image);
        await ours('attest', key, [...predicate, '--form', 'both', `${mine}:v1`]);
        for (const more of [[], OLDER_VERIFY]) {
          const typed = ['--type', 'spdxjson', ...more];
          const done = await cosignVerify('verify-attestation', key.id, `${mine}:v1`, typed);
          expect(done.code, done.stderr).toBe(0);
        }
        for (const [form, options] of [
          ['bundle', OFFLINE],
          ['att', OLDER],
        ] as const) {
          const theirs = await pushed(`sbom/${form}`, image);
          const at = `${theirs}@${image.root.digest}`;
          const attest = ['attest', '--yes', '--key', `${key.id}.key`, '--allow-insecure-registry'];
          const done = await cosign([...attest, ...options, ...predicate, at], key.password);
          expect(done.code, done.stderr).toBe(0);
          const verify = ['verify', '--key', `${key.id}.pub`];
          await machine.expect(0, [...verify, '--type', 'spdxjson', `${theirs}:v1`]);
          await machine.expect(3, [...verify, '--type', 'cyclonedx', `${theirs}:v1`]);
          await machine.expect(3, [...verify, `${theirs}:v1`]);
        }
      });

      it('cosign verifies what was copied with --referrers', async () => {
        const [key] = usedKeys;
        if (key === undefined) throw new Error('no key');
        const from = await pushed('copied/from', image);
        await ours('sign', key, ['--form', 'both', `${from}:v1`]);
        const to = `${registry.host}/copied/to:v1`;
        await machine.expect(0, ['copy', '--referrers', `${from}:v1`, to]);
        for (const more of [[], OLDER_VERIFY]) {
          const done = await cosignVerify('verify', key.id, to, more);
          expect(done.code, done.stderr).toBe(0);
        }
      });
    },
  );
}

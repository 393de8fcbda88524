import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseManifest } from '../../src/oci/manifest.ts';
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

for (const [nth, kind] of REGISTRIES.entries()) {
  describeUnless(
    kind.missing ?? missingPeers('cosign'),
    `cosign and regctl on ${kind.name}`,
    () => {
      let machine: Machine;
      let registry: Registry;
      let plain: TestImage;
      let index: TestImage;

      beforeAll(async () => {
        [machine, registry] = await Promise.all([newMachine(), kind.start()]);
        [plain, index] = await Promise.all([makeImage({ layers: 1 }), makeIndex({ layers: 1 })]);
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
          const name = await pushed(`ours/${id}`, plain);
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
            const name = await pushed(`theirs/${id}-${form}`, plain);
            const at = `${name}@${plain.root.digest}`;
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

      // Three things to sign in two forms: over the registries, each pair of values occurs.
      const cases = usedKeys.map((key, k) => {
        const what = (['index', 'recursive', 'sbom'] as const)[(k + nth) % 3] ?? 'index';
        const form = (Math.floor(k / 3) + nth) % 2 === 0 ? 'bundle' : 'simple';
        return [what, form, key.id, key] as const;
      });
      it.each(cases)('both read of the other: %s in the form %s with %s', async (...one) => {
        const [what, form, id, { password }] = one;
        const image = what === 'sbom' ? plain : index;
        const child = parseManifest(index.nodes.get(index.root.digest)?.bytes ?? new Uint8Array());
        const [, second] = child.kind === 'index' ? child.manifests : [];
        const predicate = what === 'sbom' ? ['--type', 'spdxjson', '--predicate', 'sbom.json'] : [];
        const verb = what === 'sbom' ? 'attest' : 'sign';
        const args = [...(what === 'recursive' ? ['--recursive'] : []), ...predicate];
        const type = what === 'sbom' ? ['--type', 'spdxjson'] : [];
        const signedBy = async (repository: string): Promise<readonly string[]> => {
          const name = await pushed(`${repository}/${what}`, image);
          return [name, `${name}@${what === 'recursive' ? second?.digest : image.root.digest}`];
        };

        const [mine = '', at = ''] = await signedBy('pairs/ours');
        await ours(verb, one[3], [...args, '--form', form, `${mine}:v1`]);
        const older = form === 'simple' ? OLDER_VERIFY : [];
        const read = what === 'sbom' ? 'verify-attestation' : 'verify';
        const done = await cosignVerify(read, id, at, [...type, ...older]);
        expect(done.code, done.stderr).toBe(0);

        const [theirs = '', theirAt = ''] = await signedBy('pairs/theirs');
        const options = form === 'simple' ? OLDER : OFFLINE;
        const sign = [verb, '--yes', '--key', `${id}.key`, '--allow-insecure-registry'];
        const root = `${theirs}@${image.root.digest}`;
        const signed = await cosign([...sign, ...options, ...args, root], password);
        const verify = ['verify', '--key', `${id}.pub`, ...type];
        if (form === 'bundle' && id.startsWith('ed25519')) {
          expect(signed.code).toBe(1);
          await machine.expect(3, [...verify, theirAt]);
          return;
        }
        expect(signed.code, signed.stderr).toBe(0);
        await machine.expect(0, [...verify, theirAt]);
        if (what === 'sbom') {
          await machine.expect(3, ['verify', '--key', `${id}.pub`, theirAt]);
          await machine.expect(3, [...verify, '--type', 'cyclonedx', theirAt]);
        }
        if (what === 'index') {
          await machine.expect(0, [...verify, '--platform', 'linux/arm64', `${theirs}:v1`]);
          await machine.expect(3, [...verify, `${theirs}@${second?.digest}`]);
        }
      });

      it('cosign verifies what was copied with --referrers', async () => {
        const [key] = usedKeys;
        if (key === undefined) throw new Error('no key');
        const from = await pushed('copied/from', plain);
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

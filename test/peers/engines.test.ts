import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import {
  ENGINES,
  removeStorage,
  startRealEngine,
  STORAGES,
  storageOf,
  type RunningEngine,
} from '../helpers/engines.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

interface Setup extends AsyncDisposable {
  readonly machine: Machine;
  readonly registry: DockerRegistry;
  readonly dir: TempDir;
}

async function setUp(): Promise<Setup> {
  const [machine, registry, dir] = await Promise.all([
    newMachine(),
    startDockerRegistry(),
    tempDir(),
  ]);
  await pushImage(registry.origin, 'app', ['v1', 'v2'], await makeImage({ layerSize: 500_000 }));
  await pushImage(registry.origin, 'multi', ['v1'], await makeIndex());
  return {
    machine,
    registry,
    dir,
    async [Symbol.asyncDispose]() {
      await Promise.all([machine, registry].map((one) => one[Symbol.asyncDispose]()));
      await removeStorage(dir);
    },
  };
}

/** Sends a request without a body and reads the whole answer. */
async function post(address: string, path: string): Promise<string> {
  const sent = request({ socketPath: address.replace('unix://', ''), path, method: 'POST' });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return text(answer);
}

const noRegistry = missingPrograms('docker-registry');

for (const program of ENGINES) {
  describeUnless(program.missing ?? noRegistry, `docker-daemon: with ${program.name}`, () => {
    let setup: Setup;
    let engine: RunningEngine;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      [setup, engine] = await Promise.all([setUp(), startRealEngine(program)]);
      env = { DOCKER_HOST: engine.address };
    });
    afterAll(async () => {
      await engine[Symbol.asyncDispose]();
      await setup[Symbol.asyncDispose]();
    });
    const expectDone = async (args: readonly string[]): Promise<string> =>
      (await setup.machine.expect(0, args, { env })).stdout.trim();
    const config = (image: string): Promise<string> => expectDone(['config', image]);

    it('registry → daemon → registry keeps configuration and diff IDs', async () => {
      const { host } = setup.registry;
      await expectDone(['pull', `${host}/app:v1`]);
      await expectDone(['tag', `docker-daemon:${host}/app:v1`, `${host}/back:v1`]);
      await expectDone(['push', `${host}/back:v1`]);
      expect(await config(`${host}/back:v1`)).toBe(await config(`${host}/app:v1`));
      expect(await expectDone(['tags', `docker-daemon:${host}/back`])).toBe('v1');
    });

    it.skipIf(program.name === "podman's service")(
      'of an image that was pulled, the digest of the registry is printed',
      async () => {
        const { host } = setup.registry;
        await expectDone(['copy', `${host}/app:v1`, `${host}/pulled:v1`]);
        await post(engine.address, `/images/create?fromImage=${host}/pulled&tag=v1`);
        const from = `docker-daemon:${host}/pulled:v1`;
        const { stderr } = await setup.machine.expect(0, ['copy', from, `${host}/again:v1`], {
          env,
        });
        const digest = await expectDone(['digest', `${host}/pulled:v1`]);
        expect(stderr).toContain(`${host}/pulled:v1 was pulled as ${host}/pulled@${digest}`);
        expect(stderr).not.toContain('signature');
        const isSame = (await expectDone(['digest', `${host}/again:v1`])) === digest;
        expect(isSame).toBe(program.keepsDigests);
        expect(stderr.split('they are recompressed')).toHaveLength(program.keepsDigests ? 1 : 2);
      },
    );

    it.skipIf(program.name === "podman's service")(
      'of an index that was pulled, the platform that is there is copied',
      async () => {
        const { host } = setup.registry;
        await post(engine.address, `/images/create?fromImage=${host}/multi&tag=v1`);
        const from = `docker-daemon:${host}/multi:v1`;
        await expectDone(['copy', from, `${host}/single:v1`]);
        const wanted = await config(`${host}/multi:v1`);
        expect(await config(`${host}/single:v1`)).toBe(wanted);
        if (!program.keepsDigests) return;
        // containerd keeps the whole index, and of its images the one that was pulled.
        await setup.machine.expect(2, ['copy', '--all', from, `${host}/all:v1`], { env });
        await setup.machine.expect(2, ['digest', `${host}/all:v1`], { env });
      },
    );

    it('an index as this platform, several tags in one load, all tags both ways', async () => {
      const { host } = setup.registry;
      await expectDone(['pull', `${host}/multi:v1`]);
      await expectDone(['copy', '--additional-tag=b', `${host}/app:v1`, 'docker-daemon:two:a']);
      expect(await expectDone(['tags', 'docker-daemon:two'])).toBe('a\nb');
      await expectDone(['pull', '-a', `${host}/app`]);
      await expectDone(['push', '-a', `${host}/app`]);
      await expectDone(['copy', '--all-tags', 'docker-daemon:two', `${host}/copied`]);
      expect(await config(`${host}/copied:b`)).toBe(await config(`${host}/app:v1`));
    });

    it('save and load, by the archive and by the daemon', async () => {
      const { host } = setup.registry;
      const file = setup.dir.join('images.tar');
      await expectDone(['save', `${host}/app:v1`, `${host}/multi:v1`, '-o', file]);
      const loaded = await expectDone(['load', '-i', file]);
      expect(loaded.split('\n').map((line) => line.split('@')[0])).toEqual([
        `${host}/app:v1`,
        `${host}/multi:v1`,
      ]);
      await expectDone(['load', '-i', file, `${host}/multi:v1`]);
    });

    it('what is not there is exit 2', async () => {
      const args = ['copy', 'docker-daemon:none:v1', 'oci:out'];
      const { stderr } = await setup.machine.expect(2, args, { env });
      expect(stderr).toContain('has no image "none:v1"');
    });
  });
}

for (const { name, missing } of STORAGES) {
  describeUnless(missing ?? noRegistry, `containers-storage: with ${name}`, () => {
    let setup: Setup;
    let storage: string;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      setup = await setUp();
      const found = await storageOf(name, setup.dir);
      storage = `containers-storage:${found.prefix}`;
      env = { PATH: found.env['PATH'] ?? '' };
    });
    afterAll(() => setup[Symbol.asyncDispose]());
    const expectDone = async (args: readonly string[]): Promise<string> =>
      (await setup.machine.expect(0, args, { env })).stdout.trim();

    it('both directions keep the configuration; names are in full', async () => {
      const { host } = setup.registry;
      const added = ['--additional-tag=b', `${host}/app:v1`, `${storage}two:a`];
      expect(await expectDone(['copy', ...added])).toContain(']localhost/two:a@sha256:');
      await expectDone(['copy', `${host}/multi:v1`, `${storage}${host}/multi:v1`]);
      expect(await expectDone(['tags', `${storage}two`])).toBe('a\nb');
      await expectDone(['copy', `${storage}two:b`, `${host}/back:v1`]);
      const config = await expectDone(['config', `${host}/app:v1`]);
      expect(await expectDone(['config', `${host}/back:v1`])).toBe(config);
      await expectDone(['tag', `${storage}two:a`, 'c']);
      expect(await expectDone(['tags', `${storage}two`])).toBe('a\nb\nc');
    });

    it('what is not there is exit 2, and a copy that fails leaves no name', async () => {
      const { host } = setup.registry;
      await setup.machine.expect(2, ['copy', `${storage}none:v1`, 'oci:out'], { env });
      await setup.machine.expect(2, ['copy', `${host}/none:v1`, `${storage}none:v1`], { env });
      expect(await expectDone(['tags', `${storage}none`])).toBe('');
    });
  });
}

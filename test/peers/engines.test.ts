import { spawn, type ChildProcess } from 'node:child_process';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'needs root';

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
      await run('chmod', ['-R', 'u+w', dir.path]);
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** Until the socket takes connections; the test's own limit ends the wait. */
async function listening(socket: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const connection = createConnection(socket, () => resolve(true));
      connection.on('error', () => resolve(false));
      connection.on('connect', () => connection.destroy());
    });
    if (open) return;
    await delay(50);
  }
  throw new Error('the engine ended');
}

const ENGINES = [
  {
    name: 'dockerd',
    missing: missingPrograms('dockerd', 'docker-registry') ?? notRoot,
    start: (dir: TempDir, socket: string) =>
      spawn('dockerd', [
        '--data-root',
        dir.join('data'),
        '--exec-root',
        dir.join('exec'),
        '--pidfile',
        dir.join('pid'),
        '-H',
        `unix://${socket}`,
        '--storage-driver=vfs',
        '--iptables=false',
        '--ip6tables=false',
        '--bridge=none',
      ]),
  },
  {
    name: "podman's service",
    missing: missingPrograms('podman', 'docker-registry') ?? notRoot,
    start: (dir: TempDir, socket: string) =>
      spawn('podman', [
        '--root',
        dir.join('root'),
        '--runroot',
        dir.join('run'),
        '--storage-driver=vfs',
        'system',
        'service',
        '--time=0',
        `unix://${socket}`,
      ]),
  },
];

for (const { name, missing, start } of ENGINES) {
  describeUnless(missing, `docker-daemon: with ${name}`, () => {
    let setup: Setup;
    let child: ChildProcess;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      setup = await setUp();
      const socket = setup.dir.join('engine.sock');
      child = start(setup.dir, socket);
      await listening(socket, child);
      env = { DOCKER_HOST: `unix://${socket}` };
    });
    afterAll(async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
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

const STORAGES = [
  { name: 'podman', hidden: [], missing: missingPrograms('podman', 'docker-registry') ?? notRoot },
  {
    name: 'buildah',
    hidden: ['podman'],
    missing: missingPrograms('buildah', 'docker-registry') ?? notRoot,
  },
];

for (const { name, hidden, missing } of STORAGES) {
  describeUnless(missing, `containers-storage: with ${name}`, () => {
    let setup: Setup;
    let storage: string;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      setup = await setUp();
      storage = `containers-storage:[vfs@${setup.dir.join('root')}+${setup.dir.join('run')}]`;
      const bin = setup.dir.join('bin');
      await run('mkdir', [bin]);
      const found = await run('sh', ['-c', `command -v ${name}`], { env: setup.machine.env });
      await run('ln', ['-s', found.stdout.trim(), '/bin/cat', bin]);
      // Only that program is found, and what it runs itself where the system keeps it.
      env = hidden.length === 0 ? {} : { PATH: `${bin}:/usr/sbin:/sbin` };
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

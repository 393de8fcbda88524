import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import type { RegistryServer } from '../../src/server/server.ts';
import { startVectorRegistry } from '../build/edit-vectors.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { programThatPrints } from '../helpers/elf-program.ts';
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

/** Each writes HOST/out:ID from HOST/app:1, whose program prints "one". */
const RESULTS: readonly (readonly [id: string, line: string, printed: string])[] = [
  ['label', 'mutate HOST/app:1 --label a=1 --env B=2 --user 1000', 'one'],
  ['append', 'mutate HOST/app:1 --append data', 'one'],
  ['replaced', 'mutate HOST/app:1 --append two', 'two'],
  ['entrypoint', 'mutate HOST/app:1 --append three --entrypoint ["/bin/other"]', 'three'],
  ['rebase', 'mutate HOST/app:1 --old-base HOST/base:1 --new-base HOST/base:2', 'two'],
  ['squash', 'mutate HOST/app:1 --squash', 'one'],
  ['strip', 'mutate HOST/app:1 --strip-file data', 'one'],
  ['strip-history', 'mutate HOST/app:1 --strip-history', 'one'],
  ['layer-rm', 'mutate HOST/app:1 --layer-rm 1', 'one'],
  ['docker', 'mutate HOST/app:1 --to docker', 'one'],
  ['index', 'index create HOST/out:index HOST/app:1 HOST/app:s390x', 'one'],
  ['index-user', 'mutate HOST/app:index --user 5', 'one'],
  ['index-squash', 'mutate HOST/app:index --squash --platform linux/amd64', 'one'],
  ['added', 'index add HOST/app:single HOST/app:s390x', 'one'],
  ['removed', 'index remove HOST/app:index linux/s390x', 'one'],
  ['annotated', 'index annotate HOST/app:index --annotation a=1', 'one'],
  ['from-daemon', 'mutate docker-daemon:local:1 --label a=1', 'one'],
  [
    'index-from-daemon',
    'index create HOST/out:index-from-daemon docker-daemon:local:1 HOST/app:s390x',
    'one',
  ],
  ['from-archive', 'mutate docker-archive:app.tar --label a=1', 'one'],
  ['from-layout', 'mutate oci:layout:v1 --append two', 'two'],
];

const EMPTY = { blobs: new Map<string, Uint8Array>(), tags: new Map<string, Descriptor>() };
const [dockerd] = ENGINES;
if (dockerd === undefined) throw new Error('there is an engine');

describeUnless(
  missingPrograms('dockerd', 'docker', 'runc', 'skopeo') ??
    (process.geteuid?.() === 0 ? undefined : 'needs root') ??
    (process.arch === 'x64' ? undefined : 'needs x86-64'),
  'results of index and mutate in a Docker engine',
  () => {
    let server: RegistryServer;
    let machine: Machine;
    let engine: RunningEngine;
    let env: Readonly<Record<string, string>>;

    const layer = async (folder: string, program: string, text: string): Promise<void> => {
      await mkdir(machine.dir.join(folder, 'bin'), { recursive: true });
      await writeFile(machine.dir.join(folder, program), programThatPrints(`${text}\n`));
      await chmod(machine.dir.join(folder, program), 0o755);
    };
    const words = (line: string): string[] =>
      line.split(' ').map((word) => word.replace('HOST', server.host));
    const regctl = (line: string): Promise<unknown> => machine.expect(0, words(line), { env });
    const docker = async (...args: readonly string[]): Promise<string> => {
      const done = await run('docker', ['-H', engine.address, ...args], {
        env: { ...process.env, DOCKER_CONFIG: machine.home },
      });
      expect(done.code, done.stderr).toBe(0);
      return done.stdout.trim();
    };

    beforeAll(async () => {
      [server, machine, engine] = await Promise.all([
        startVectorRegistry(EMPTY),
        newMachine(),
        startRealEngine(dockerd),
      ]);
      env = { DOCKER_HOST: engine.address };
      await layer('one', 'bin/main', 'one');
      await layer('two', 'bin/main', 'two');
      await layer('three', 'bin/other', 'three');
      await mkdir(machine.dir.join('data/data'), { recursive: true });
      await writeFile(machine.dir.join('data/data/file'), 'data');
      const scratch = 'mutate --base scratch --set-platform linux/amd64 --entrypoint ["/bin/main"]';
      for (const line of [
        `${scratch} --append one --tag HOST/base:1`,
        `${scratch} --append two --tag HOST/base:2`,
        'mutate HOST/base:1 --append data --tag HOST/app:1',
        'mutate HOST/app:1 --set-platform linux/s390x --tag s390x',
        'index create HOST/app:index HOST/app:1 HOST/app:s390x',
        'index create --as-index HOST/app:single HOST/app:1',
        'copy HOST/app:1 docker-archive:app.tar',
        'copy HOST/app:1 oci:layout:v1',
        'copy HOST/app:1 docker-daemon:local:1',
      ])
        await regctl(line);
    });
    afterAll(() => Promise.all([server, machine, engine].map((one) => one[Symbol.asyncDispose]())));

    it.each(RESULTS)('is pulled, runs, and skopeo inspects it: %s', async (id, line, printed) => {
      const image = `${server.host}/out:${id}`;
      await regctl(line.startsWith('index create') ? line : `${line} --tag ${image}`);
      await docker('pull', '--quiet', image);
      expect(await docker('run', '--rm', '--network=none', image)).toBe(printed);
      await docker('rmi', image);
      const args = ['inspect', '--tls-verify=false', '--override-arch=amd64', `docker://${image}`];
      const done = await run('skopeo', args);
      expect(done.code, done.stderr).toBe(0);
      await regctl(`validate ${image}`);
    });

    it('is loaded into the engine by mutate, and runs', async () => {
      await regctl('mutate HOST/app:1 --append two --tag docker-daemon:changed:1');
      expect(await docker('run', '--rm', '--network=none', 'changed:1')).toBe('two');
    });

    it('runs after the export of its files was imported', async () => {
      await regctl('export HOST/out:replaced files.tar');
      await docker('import', machine.dir.join('files.tar'), 'imported:1');
      expect(await docker('run', '--rm', '--network=none', 'imported:1', '/bin/main')).toBe('two');
    });
  },
);

for (const { name, missing } of STORAGES) {
  describeUnless(missing, `index and mutate with containers-storage of ${name}`, () => {
    let server: RegistryServer;
    let machine: Machine;
    let dir: TempDir;
    let storage: string;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      [server, machine, dir] = await Promise.all([
        startVectorRegistry(EMPTY),
        newMachine(),
        tempDir(),
      ]);
      const found = await storageOf(name, dir);
      storage = `containers-storage:${found.prefix}`;
      env = { PATH: found.env['PATH'] ?? '' };
      await pushImage(server.url.origin, 'app', ['1'], await makeImage());
      await pushImage(server.url.origin, 'multi', ['1'], await makeIndex());
    });
    afterAll(async () => {
      await Promise.all([server, machine].map((one) => one[Symbol.asyncDispose]()));
      await removeStorage(dir);
    });

    it('an image goes there changed, and is changed from there', async () => {
      const { host } = server;
      const labels = async (image: string): Promise<unknown> =>
        ((await machine.json(['config', image], { env })) as { config: { Labels: unknown } }).config
          .Labels;
      const change = async (from: string, label: string, to: string): Promise<void> => {
        await machine.expect(0, ['mutate', from, '--label', label, '--tag', to], { env });
      };
      await change(`${host}/app:1`, 'a=1', `${storage}local:1`);
      expect(await labels(`${storage}local:1`)).toMatchObject({ a: '1' });
      await change(`${storage}local:1`, 'b=2', `${storage}local:2`);
      expect(await labels(`${storage}local:2`)).toMatchObject({ a: '1', b: '2' });
      await change(`${storage}local:2`, 'c=3', `${host}/back:1`);
      expect(await labels(`${host}/back:1`)).toMatchObject({ a: '1', b: '2', c: '3' });
      await machine.expect(0, ['validate', `${host}/back:1`]);
    });

    it('an index lists its image, and is refused as a whole', async () => {
      const { host } = server;
      await machine.expect(0, ['copy', `${host}/app:1`, `${storage}source:1`], { env });
      const create = ['index', 'create', '--as-index'];
      await machine.expect(0, [...create, `${host}/joined:1`, `${storage}source:1`], { env });
      await machine.expect(0, ['validate', `${host}/joined:1`]);
      const { code } = await machine.regctl([...create, `${storage}index:1`, `${host}/multi:1`], {
        env,
      });
      expect(code).not.toBe(0);
    });
  });
}

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RegistryServer } from '../../src/server/server.ts';
import { describeOperations } from '../build/operations.ts';
import { readImages, readOperations, startVectorRegistry, VECTORS } from '../build/edit-vectors.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { programThatPrints } from '../helpers/elf-program.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';

describeOperations(await readOperations(), () => true);

/** Each writes HOST/out:ID; `from` is what it starts from. */
const RESULTS: readonly { readonly id: string; readonly from: string; readonly line: string }[] = [
  { id: 'label', from: 'plain', line: 'mutate HOST/plain --label a=1' },
  { id: 'append', from: 'plain', line: 'mutate HOST/plain --append LAYERS/one.tar' },
  { id: 'directory', from: 'plain', line: 'mutate HOST/plain --append LAYERS/folder' },
  { id: 'squash', from: 'plain', line: 'mutate HOST/plain --squash' },
  { id: 'whiteouts', from: 'whiteouts', line: 'mutate HOST/whiteouts --squash' },
  { id: 'strip', from: 'plain', line: 'mutate HOST/plain --strip-file usr/bin' },
  { id: 'removed', from: 'plain', line: 'mutate HOST/plain --layer-rm 2' },
  {
    id: 'rebase',
    from: 'plain',
    line: 'mutate HOST/plain --old-base HOST/plain:base-1 --new-base HOST/plain:base-2',
  },
  { id: 'docker', from: 'plain', line: 'mutate HOST/plain --to docker' },
  { id: 'oci', from: 'dlist', line: 'mutate HOST/dlist --to oci' },
  { id: 'scratch', from: 'plain', line: 'mutate --base scratch --append LAYERS/two.tar' },
  { id: 'index-label', from: 'dlist', line: 'mutate HOST/dlist --label a=1' },
  { id: 'index-user', from: 'multi', line: 'mutate HOST/multi --user 5' },
  { id: 'nested', from: 'nested', line: 'mutate HOST/nested --user 5' },
];

describeUnless(missingPeers('crane', 'skopeo'), 'results of index and mutate', () => {
  let server: RegistryServer;
  let machine: Machine;
  beforeAll(async () => {
    [server, machine] = await Promise.all([startVectorRegistry(await readImages()), newMachine()]);
  });
  afterAll(async () => {
    await Promise.all([server[Symbol.asyncDispose](), machine[Symbol.asyncDispose]()]);
  });

  const words = (line: string): string[] =>
    line
      .split(' ')
      .map((word) => word.replace('HOST', server.host).replace('LAYERS', `${VECTORS}/layers`));

  const validates = async (image: string): Promise<boolean> => {
    const done = await run(peer('crane') ?? '', ['validate', '--insecure', '--remote', image]);
    return done.code === 0;
  };

  it.each(RESULTS.map((one) => [one.id, one] as const))(
    'crane validates what it validates before, and skopeo inspects it: %s',
    async (id, { from, line }) => {
      const image = `${server.host}/out:${id}`;
      await machine.expect(0, [...words(line), '--tag', image]);
      if (await validates(`${server.host}/${from}`)) expect(await validates(image)).toBe(true);
      const args = ['inspect', '--tls-verify=false', '--override-arch=amd64', `docker://${image}`];
      const done = await run(peer('skopeo') ?? '', id === 'scratch' ? args.with(2, '--raw') : args);
      expect(done.code, done.stderr).toBe(0);
      await machine.expect(0, ['copy', '--recheck', image, `oci:${id}`]);
    },
  );
});

const isRoot = process.geteuid?.() === 0;

describeUnless(
  missingPrograms('podman') ??
    (isRoot ? undefined : 'needs root') ??
    (process.arch === 'x64' ? undefined : 'needs x86-64'),
  'a program in an image from scratch',
  () => {
    it('runs where podman mounts it', async () => {
      await using server = await startVectorRegistry(await readImages(), { names: [] });
      await using machine = await newMachine();
      await mkdir(machine.dir.join('root/bin'), { recursive: true });
      await writeFile(machine.dir.join('root/bin/hello'), programThatPrints('hello\n'));
      await chmod(machine.dir.join('root/bin/hello'), 0o755);
      const image = `${server.host}/hello:1`;
      const base = ['mutate', '--base', 'scratch', '--set-platform', 'linux/amd64'];
      await machine.expect(0, [...base, '--append', 'root', '--tag', image]);
      await machine.expect(0, ['mutate', image, '--squash', '--label', 'a=1', '--in-place']);
      const podman = async (...args: readonly string[]): Promise<string> => {
        const place = ['--root', machine.dir.join('store'), '--runroot', machine.dir.join('run')];
        const done = await run('podman', [...place, '--storage-driver', 'vfs', ...args]);
        expect(done.code, done.stderr).toBe(0);
        return done.stdout.trim();
      };
      await podman('pull', '--tls-verify=false', image);
      const mounted = await podman('image', 'mount', image);
      try {
        const done = await run('/usr/sbin/chroot', [mounted, '/bin/hello']);
        expect(done.stdout).toBe('hello\n');
      } finally {
        await podman('image', 'umount', image);
      }
    });
  },
);

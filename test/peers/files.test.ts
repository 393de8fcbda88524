import { spawnSync } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FileJson } from '../../src/commands/output/file-rows.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { missingPrograms, run } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { noise } from '../helpers/toc-layers.ts';
import { describeUnless } from '../helpers/when.ts';

const IMAGES = `${import.meta.dirname}/../vectors/edit/images`;

/** Images with links, whiteouts, devices, sparse files, odd names and owners. */
const EXPORTED = [
  'links:latest',
  'whiteouts:latest',
  'special:latest',
  'owner:latest',
  'names:latest',
  'twice:lower',
  'usrmerge:opaque',
  'headers:pax-sparse-10',
  'zstdchunked:latest',
] as const;

let machine: Machine;
beforeAll(async () => {
  machine = await newMachine();
});
afterAll(() => machine[Symbol.asyncDispose]());

async function exported(image: string): Promise<string> {
  const file = machine.dir.join(`${image.replace(':', '-')}.tar`);
  await machine.expect(0, ['export', `oci:${IMAGES}/${image}`, file]);
  return file;
}

const LETTERS = {
  directory: 'd',
  file: 'f',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
} as const;

const isRoot = process.getuid?.() === 0;

describeUnless(isRoot ? missingPrograms('tar') : 'needs root', 'what tar extracts', () => {
  it.each(EXPORTED)('of %s has the files, modes and times of the list', async (image) => {
    const file = await exported(image);
    const into = machine.dir.join(`${image.replace(':', '-')}.dir`);
    await mkdir(into);
    const done = await run('tar', ['-x', '--xattrs', '--numeric-owner', '-f', file, '-C', into], {
      env: process.env,
    });
    expect(done.stderr).toBe('');
    expect(done.code).toBe(0);
    const { stdout } = await machine.expect(0, ['files', '-o', 'ndjson', `oci:${IMAGES}/${image}`]);
    const wanted = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FileJson)
      .filter(({ Path }) => Path !== '/');
    const found = spawnSync(
      'find',
      ['.', '-mindepth', '1', '-printf', '%y %m %U %G %s %T@ %P\\0'],
      {
        cwd: into,
        encoding: 'latin1',
      },
    );
    const shape = (line: string): string => line.replace(/\.\d+ /u, ' ');
    const plain = wanted.map(({ Path, PathBase64, Type, Mode, Uid, Gid, Size, Modified }) => {
      const kind = LETTERS[Type];
      const path = PathBase64 === undefined ? Buffer.from(Path) : Buffer.from(PathBase64, 'base64');
      return {
        path: path.toString('latin1').slice(1),
        kind,
        owner: `${Uid} ${Gid}`,
        mode: kind === 'l' ? '' : Number.parseInt(Mode, 8).toString(8),
        size: Size,
        time: Math.floor(Date.parse(Modified ?? '') / 1000),
      };
    });
    const extracted = found.stdout
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const [kind = '', mode = '', uid = '', gid = '', size = '', time = '', ...path] =
          shape(line).split(' ');
        return {
          path: path.join(' '),
          kind,
          owner: `${uid} ${gid}`,
          mode: kind === 'l' ? '' : mode,
          size: kind === 'f' ? Number(size) : 0,
          time: Number(time),
        };
      });
    const byPath = <T extends { readonly path: string }>(list: readonly T[]): T[] =>
      list.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect(byPath(extracted)).toEqual(byPath(plain));
  });
});

describeUnless(isRoot ? missingPrograms('podman') : 'needs root', 'podman', () => {
  it('imports what export writes, and mounts the same files', async () => {
    const root = machine.dir.join('podman');
    const podman = (...args: readonly string[]): ReturnType<typeof run> =>
      run(
        'podman',
        ['--root', root, '--runroot', `${root}-run`, '--storage-driver', 'vfs', ...args],
        {
          env: process.env,
        },
      );
    for (const image of ['links:latest', 'names:latest', 'owner:latest'] as const) {
      const done = await podman('import', await exported(image), `it/${image}`);
      expect(done.code, done.stderr).toBe(0);
      const mounted = await podman('image', 'mount', `it/${image}`);
      expect(mounted.code, mounted.stderr).toBe(0);
      const { stdout } = spawnSync('find', ['.', '-mindepth', '1', '-printf', '%P\\0'], {
        cwd: mounted.stdout.trim(),
      });
      const { stdout: listed } = await machine.expect(0, [
        'files',
        '-o',
        'ndjson',
        `oci:${IMAGES}/${image}`,
      ]);
      expect(stdout.toString().split('\0').filter(Boolean).length).toBe(
        listed
          .trim()
          .split('\n')
          .filter((line) => !line.includes('"Path":"/",')).length,
      );
    }
    await podman('image', 'umount', '--all');
    await podman('rmi', '--all', '--force');
  });
});

describeUnless(missingPeers('crane'), 'crane', () => {
  it('finds valid what validate finds valid, but for zstd layers and attestations', async () => {
    const crane = peer('crane') ?? '';
    await machine.expect(0, ['copy', `oci:${IMAGES}/dockerv2:latest`, 'docker-archive:app.tar']);
    await writeFile(machine.dir.join('bad.tar'), 'no tar');
    const options = { env: process.env, cwd: machine.dir.path };
    expect((await run(crane, ['validate', '--tarball', 'app.tar'], options)).code).toBe(0);
    await machine.expect(0, ['validate', 'docker-archive:app.tar']);
    expect((await run(crane, ['validate', '--tarball', 'bad.tar'], options)).code).toBe(1);
    await machine.expect(5, ['validate', 'docker-archive:bad.tar']);
  });
});

describeUnless(missingPeers('skopeo'), 'layers that skopeo compresses as zstd:chunked', () => {
  it('are listed and read by their table of contents', async () => {
    const MIB = 1024 * 1024;
    const blobs: number[] = [];
    await using server = await startRegistryServer({
      storage: createMemoryStorage(),
      onRequest: ({ method, url, sent }) => {
        if (method === 'GET' && url.includes('/blobs/')) blobs.push(sent);
      },
    });
    const folder = machine.dir.join('chunked');
    await mkdir(join(folder, 'etc'), { recursive: true });
    const contents = {
      'etc/name': Buffer.from('small\n'),
      random: noise(3 * MIB, 'random'),
      zeros: Buffer.alloc(MIB),
      mixed: Buffer.concat([noise(MIB, 'mixed'), Buffer.alloc(MIB), Buffer.from('end')]),
      empty: Buffer.alloc(0),
    };
    for (const [path, content] of Object.entries(contents))
      await writeFile(join(folder, path), content);
    await symlink('etc/name', join(folder, 'link'));
    await link(join(folder, 'etc/name'), join(folder, 'hard'));
    const [plain, chunked] = [`${server.host}/app:plain`, `${server.host}/app:chunked`];
    const append = ['mutate', '--base', 'scratch', '--append', folder, '--tag', plain];
    await machine.expect(0, append);
    const done = await run(
      peer('skopeo') ?? '',
      [
        '--insecure-policy',
        'copy',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        '--dest-compress-format',
        'zstd:chunked',
        '--dest-force-compress-format',
        `docker://${plain}`,
        `docker://${chunked}`,
      ],
      { env: { ...process.env, TMPDIR: machine.dir.path } },
    );
    expect(done.code, done.stderr).toBe(0);
    const listOf = async (image: string): Promise<string> =>
      (await machine.expect(0, ['files', '--long', image])).stdout;
    const wanted = await listOf(plain);
    blobs.splice(0);
    expect(await listOf(chunked)).toBe(wanted);
    for (const path of ['etc/name', 'link', 'hard', 'mixed', 'zeros', 'empty']) {
      const content = contents[path as keyof typeof contents] ?? contents['etc/name'];
      const { stdout } = await machine.expect(0, ['cat', chunked, path]);
      expect(stdout).toBe(content.toString());
    }
    // Configuration and table each time, and the part that is read.
    expect(blobs.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(1.2 * MIB);
    await machine.expect(0, ['validate', chunked]);
  });
});

import { hashSync } from 'bcryptjs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchNode } from '../../scripts/node.mjs';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { run } from '../helpers/commands.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const linux = process.platform === 'linux' && spawnSync('strip', ['--version']).status === 0;

describeUnless(linux ? undefined : 'it needs Linux and strip', 'the single executable', () => {
  let dir: TempDir;
  let program: string;
  let registry: RegistryServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    dir = await tempDir();
    const node = process.version.startsWith('v24.') ? process.execPath : await fetchNode(24);
    const made = await run(node, [join(ROOT, 'scripts/sea.mjs'), dir.join('sea')], {
      env: process.env,
    });
    if (made.code !== 0) throw new Error(made.stderr);
    program = dir.join('sea/regctl');
    registry = await startRegistryServer({ storage: createMemoryStorage() });
    await pushImage(registry.url.origin, 'app', ['1'], await makeImage());
    env = { HOME: dir.path, PATH: '/usr/bin:/bin' };
  }, 300_000);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('says that it is one, and has a checksum', async () => {
    const done = await run(program, ['version', '-o', 'json'], { env });
    expect(JSON.parse(done.stdout)).toMatchObject({ Installed: 'executable', Path: program });
    const [archive = ''] = readdirSync(dir.join('sea')).filter((name) => name.endsWith('.tar.gz'));
    const checked = await run('sha256sum', ['--check', `${archive}.sha256`], {
      cwd: dir.join('sea'),
    });
    expect(checked.code, checked.stderr).toBe(0);
  });

  it('reads, copies and converts', async () => {
    const image = `${registry.host}/app:1`;
    expect((await run(program, ['tags', `${registry.host}/app`], { env })).stdout).toBe('1\n');
    const copied = await run(program, ['copy', image, `oci:${dir.join('out')}`], { env });
    expect(copied.code, copied.stderr).toBe(0);
    const zstd = ['copy', '--dest-compress-format', 'zstd', image, `${registry.host}/zstd:1`];
    const converted = await run(program, zstd, { env });
    expect(converted.code, converted.stderr).toBe(0);
    const yaml = dir.join('jobs.yml');
    writeFileSync(
      yaml,
      `version: 1\nsync:\n  - {source: ${image}, target: "${registry.host}/sync:1", type: image}\n`,
    );
    const synced = await run(program, ['sync', '--file', yaml], { env });
    expect(synced.code, synced.stderr).toBe(0);
  });

  it('takes the lines of other tools by its name, and is the credential helper', async () => {
    for (const name of ['skopeo', 'docker-credential-regctl']) symlinkSync(program, dir.join(name));
    const skopeo = await run(dir.join('skopeo'), ['--version'], { env });
    expect(skopeo.stdout).toMatch(/^skopeo version/u);
    const helper = await run(dir.join('docker-credential-regctl'), ['version'], { env });
    expect(helper.stdout).toMatch(/^docker-credential-regctl/u);
  });

  it('compares passwords in threads', async () => {
    writeFileSync(dir.join('users'), `ann:${hashSync('s3cret', 4)}\n`);
    const args = ['serve', '--listen', '127.0.0.1:0', '--htpasswd', dir.join('users')];
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      let url = '';
      for await (const line of createInterface({ input: child.stderr })) {
        url = /https?:\/\/\S+/u.exec(line)?.[0] ?? '';
        if (url !== '') break;
      }
      const ask = async (password: string): Promise<number> => {
        const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
        return (await fetch(`${url}v2/`, { headers: { authorization } })).status;
      };
      expect([await ask('s3cret'), await ask('wrong')]).toEqual([200, 401]);
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it('needs only the libraries that the documentation lists, and no certificates', async () => {
    const { stdout } = await run('ldd', [program], {});
    const found = [...stdout.matchAll(/^\s*(\S+\.so[.\d]*) (?:=> (\S+) )?\(/gmu)];
    const listed = /```text\n(.*?)```/su.exec(read('docs/install.md'))?.[1]?.trim().split('\n');
    const needed = found.map(([, name = '']) => name).filter((name) => name.startsWith('lib'));
    expect(needed.toSorted()).toEqual(listed);
    if (process.getuid?.() !== 0) return;
    const root = dir.join('root');
    const files = [
      program,
      ...[...stdout.matchAll(/(\/\S+\.so[.\d]*)/gu)].map(([, path = '']) => path),
    ];
    for (const file of files) {
      const target = file === program ? '/regctl' : file;
      mkdirSync(join(root, dirname(target)), { recursive: true });
      copyFileSync(file, join(root, target));
    }
    const inside = (...args: readonly string[]) =>
      run('chroot', [root, '/regctl', ...args], {
        env: { HOME: '/', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      });
    expect((await inside('tags', `${registry.host}/app`)).stdout).toBe('1\n');
    expect((await inside('--help')).code).toBe(0);
  });
});

describe('what a release needs', () => {
  const missing = missingPeers('actionlint');
  it.skipIf(missing !== undefined)(
    `workflows are right${missing === undefined ? '' : ` (${missing})`}`,
    async () => {
      const folders = ['.github/workflows', 'examples/github-actions'];
      const files = folders.flatMap((folder) =>
        readdirSync(join(ROOT, folder)).map((name) => join(folder, name)),
      );
      const done = await run(peer('actionlint') ?? '', files, { cwd: ROOT, env: process.env });
      expect({ code: done.code, stdout: done.stdout }).toEqual({ code: 0, stdout: '' });
    },
  );

  it('the steps of the action are right for bash', async () => {
    const { parse } = await import('yaml');
    const action = parse(read('action.yml')) as {
      runs: { steps: { run?: string; env?: object }[] };
    };
    for (const { run: script = '', env = {} } of action.runs.steps) {
      const done = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
      expect(done.stderr).toBe('');
      // What users write reaches a script as a variable, never as its text.
      expect(script).not.toContain('${{');
      const used = [...script.matchAll(/\$\{?([A-Z]+)\b/gu)].map(([, name = '']) => name);
      expect(used.filter((name) => !(name in env))).toEqual([]);
    }
  });

  it('the formula has a checksum for each system', async () => {
    await using dir = await tempDir();
    const names = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'man'];
    const sums = names.map((name, i) => `${String(i).repeat(64)}  regctl-${name}.tar.gz`);
    writeFileSync(dir.join('sums'), `${sums.join('\n')}\n`);
    const script = join(ROOT, 'scripts/formula.mjs');
    const done = await run(process.execPath, [script, dir.join('sums'), 'o/r', '1.2.3'], {});
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('releases/download/v1.2.3/regctl-linux-x64.tar.gz');
    expect(done.stdout).toContain(`sha256 "${'3'.repeat(64)}"`);
    expect(done.stdout).not.toContain('{{');
  });
});

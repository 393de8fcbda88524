import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../helpers/commands.ts';
import { freePort } from '../../helpers/ports.ts';
import type { TempDir } from '../../helpers/temp.ts';
import { startQuay } from './quay.ts';

/** Programs that the tests call. */
export const PROGRAMS = ['bats', 'docker-registry', 'htpasswd', 'jq', 'openssl', 'podman'];

/** What a test asks `go env` for. */
const GOARCH = process.arch === 'x64' ? 'amd64' : process.arch;

/** The file with this name in PATH. */
async function found(name: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `command -v ${name}`], { env: process.env });
  return stdout.trim();
}

/** A copy of the tests whose registry listens on a free port; without those that sign with GPG. */
async function copyTests(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const port = String(await freePort());
  await rm(join(to, '050-signing.bats'));
  const scripts = (await readdir(to)).filter((name) => /\.ba(?:ts|sh)$/u.test(name));
  for (const file of scripts.map((name) => join(to, name))) {
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll('5000', port));
  }
}

async function writeSettings(dir: TempDir, quay: string): Promise<void> {
  await mkdir(dir.join('home/.config/containers'), { recursive: true });
  const file = (name: string): string => dir.join('home/.config/containers', name);
  await writeFile(file('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  await writeFile(
    file('registries.conf'),
    `[[registry]]\nprefix = "quay.io"\nlocation = "${quay}"\ninsecure = true\n`,
  );
  const folders = `graphroot = "${dir.join('images')}"\nrunroot = "${dir.join('run')}"\n`;
  await writeFile(file('storage.conf'), `[storage]\ndriver = "vfs"\n${folders}`);
}

/** Runs skopeo's system tests with a program under the name `skopeo`; returns their report in TAP. */
export async function runTests(tests: string, program: string, dir: TempDir): Promise<string> {
  await using quay = await startQuay();
  for (const name of ['bin', 'pids', 'temporary']) await mkdir(dir.join(name));
  await copyTests(tests, dir.join('tests'));
  await writeSettings(dir, quay.host);
  await symlink(program, dir.join('bin/skopeo'));
  const here = dirname(fileURLToPath(import.meta.url));
  await symlink(join(here, 'podman.sh'), dir.join('bin/podman'));
  await writeFile(dir.join('bin/go'), `#!/bin/sh\necho ${GOARCH}\n`, { mode: 0o755 });
  const path = [dir.join('bin'), dirname(process.execPath), process.env['PATH']];
  const settings = (name: string): string => dir.join('home/.config/containers', name);
  const { stdout } = await run('bats', ['--tap', dir.join('tests')], {
    cwd: dir.path,
    env: {
      PATH: path.join(delimiter),
      HOME: dir.join('home'),
      TMPDIR: dir.join('temporary'),
      SKOPEO_BINARY: dir.join('bin/skopeo'),
      CONTAINERS_REGISTRIES_CONF: settings('registries.conf'),
      CONTAINERS_STORAGE_CONF: settings('storage.conf'),
      STAND_IN: dir.join('pids'),
      REAL_PODMAN: await found('podman'),
    },
  });
  return stdout;
}

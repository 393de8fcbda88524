import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/client/version.ts';
import { run } from '../helpers/commands.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { tempDir } from '../helpers/temp.ts';
import { newMachine, type Machine } from './regctl.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/regctl.js');

/** Writes the name of every file of the bundle that is read to stderr, and of Node's modules. */
const HOOK = `
const fs = require('node:fs');
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) => {
  if (/dist.bundle/.test(String(path))) fs.writeSync(2, 'loaded ' + path + '\\n');
  return read(path, ...rest);
};
process.on('exit', () => fs.writeSync(2, process.moduleLoadList.join('\\n')));`;

/** The sources in the loaded files of the bundle, as the build noted them. */
async function sourcesOf(hooked: string): Promise<string> {
  const noted = await readFile(join(ROOT, 'dist/bundle/contents.json'), 'utf8');
  const contents = JSON.parse(noted) as Record<string, readonly string[] | undefined>;
  const files = [...hooked.matchAll(/^loaded .*\/dist\/bundle\/(.*)$/gmu)];
  return files.flatMap(([, name]) => contents[name ?? ''] ?? []).join('\n');
}

async function loadedBy(
  args: readonly string[],
  status = 0,
): Promise<{ modules: string; builtins: string; stdout: string }> {
  await using dir = await tempDir();
  await writeFile(dir.join('hook.cjs'), HOOK);
  const done = await run(process.execPath, ['--require', dir.join('hook.cjs'), BIN, ...args], {
    env: { PATH: process.env['PATH'], REGCTL_CACHE: 'off' },
  });
  expect(done.code, done.stderr).toBe(status);
  return { modules: await sourcesOf(done.stderr), builtins: done.stderr, stdout: done.stdout };
}

const tagList = (): { status: number; body: string } => ({
  status: 200,
  body: JSON.stringify({ name: 'a', tags: ['v1'] }),
});

describe('the start', () => {
  it.each([[['--version']], [['--help']], [['tags', '--help']], [['help', 'copy']]])(
    '%j loads no wire, colours or spinner',
    async (args) => {
      const { modules } = await loadedBy(args);
      expect(modules).toContain('src/cli/main.ts');
      expect(modules).not.toMatch(/node_modules\/(?:chalk|hono|ora|semver|tldts|undici)\//);
      expect(modules).not.toMatch(/src\/(?:http|registry|credentials|copy|server|transports|ui)\//);
      expect(modules).not.toMatch(/src\/client\/(?!version\.ts)/);
    },
  );

  it('--version loads not even the command line parser or the table', async () => {
    const { modules, stdout } = await loadedBy(['--version']);
    expect(stdout).toMatch(new RegExp(`^regctl ${VERSION}\nNode\\.js .*\n\\w+: .*\n$`, 'u'));
    expect(modules).not.toMatch(/commander|src\/commands\//);
  });

  it('`tags` loads neither colours, a spinner nor the list of public suffixes', async () => {
    await using server = await startScriptedServer(tagList);
    const args = ['tags', '--plain-http', `${server.host}/a`];
    const { modules, builtins, stdout } = await loadedBy(args);
    expect(stdout).toBe('v1\n');
    expect(builtins).toMatch(/^NativeModule http$/mu);
    expect(builtins).not.toMatch(/^NativeModule (?:child_process|tls|zlib)$/mu);
    expect(modules).toContain('src/http/exchange/node.ts');
    expect(modules).not.toMatch(/undici/);
    expect(modules).not.toMatch(/node_modules\/(?:chalk|hono|ora|semver|tldts)\//);
    // What is a date stands with images.
    expect(modules).not.toMatch(/src\/(?:server|copy|image(?!\/created\.ts))/);
  });

  it('`copy` does not load undici, which a few requests do not earn', async () => {
    await using server = await startScriptedServer(() => ({ status: 404 }));
    const { modules } = await loadedBy(
      ['copy', '--dry-run', '--plain-http', `${server.host}/a`, `${server.host}/b`],
      2,
    );
    expect(modules).toContain('src/http/exchange/node.ts');
    expect(modules).not.toMatch(/undici/);
  });

  it('a thousand requests load the connections of undici, and no more of it', async () => {
    // Each page names the next.
    await using server = await startScriptedServer((_request, count) => ({
      status: 200,
      headers: count < 1010 ? { link: `</v2/a/tags/list?last=${count}>; rel="next"` } : {},
      body: JSON.stringify({ name: 'a', tags: [`v${count}`] }),
    }));
    const { modules } = await loadedBy(['tags', '--plain-http', `${server.host}/a`]);
    expect(modules).toContain('undici/lib/dispatcher/pool.js');
    expect(modules).not.toMatch(/undici\/lib\/(?:api|cache|interceptor|mock|web\/fetch\/index)/);
  });

  it('knows the version of the package', async () => {
    const text = await readFile(join(ROOT, 'package.json'), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  });
});

describe('compiled code', () => {
  const codeOf = async (machine: Machine): Promise<readonly string[]> =>
    readdir(machine.dir.join('cache', 'regctl', 'code')).catch(() => []);

  it('of a run serves the next one of the same command, and stays as it is', async () => {
    await using server = await startScriptedServer(tagList);
    await using machine = await newMachine('program');
    const args = ['--plain-http', 'tags', `${server.host}/a`];
    await machine.expect(0, args);
    expect(await codeOf(machine)).toEqual(['tags']);
    const path = machine.dir.join('cache', 'regctl', 'code', 'tags');
    const { mode, ino } = await stat(path);
    expect(mode & 0o777).toBe(0o600);
    expect((await machine.expect(0, args)).stdout).toBe('v1\n');
    expect((await stat(path)).ino).toBe(ino);
  });

  it('that was damaged is made anew', async () => {
    await using server = await startScriptedServer(tagList);
    await using machine = await newMachine('program');
    const args = ['--plain-http', 'tags', `${server.host}/a`];
    await machine.expect(0, args);
    const path = machine.dir.join('cache', 'regctl', 'code', 'tags');
    const whole = await readFile(path);
    const damaged = Buffer.from(whole).fill(1, whole.length / 2);
    await writeFile(path, damaged);
    expect(await machine.expect(0, args)).toMatchObject({ stdout: 'v1\n', stderr: '' });
    expect((await readFile(path)).equals(damaged)).toBe(false);
  });

  it('is neither kept with REGCTL_CACHE=off, nor after an error, nor where nothing can be kept', async () => {
    await using server = await startScriptedServer(tagList);
    await using machine = await newMachine('program');
    const args = ['--plain-http', 'tags', `${server.host}/a`];
    await machine.expect(0, args, { env: { REGCTL_CACHE: 'off' } });
    await machine.expect(64, ['tags', 'not a name']);
    expect(await codeOf(machine)).toEqual([]);
    const done = await machine.expect(0, args, { env: { XDG_CACHE_HOME: '/proc/no' } });
    expect(done).toMatchObject({ stdout: 'v1\n', stderr: '' });
  });

  it('loads packages that are no part of the bundle without a word from Node', async () => {
    await using server = await startScriptedServer(tagList);
    await using machine = await newMachine('program');
    const conf = machine.dir.join('registries.conf');
    await writeFile(conf, 'short-name-mode = "disabled"\n');
    const args = ['--plain-http', '--registries-conf', conf, 'tags', `${server.host}/a`];
    for (let start = 0; start < 2; start += 1)
      expect(await machine.expect(0, args)).toMatchObject({ stdout: 'v1\n', stderr: '' });
  });

  it('is safe when many begin at once', async () => {
    await using server = await startScriptedServer(tagList);
    await using machine = await newMachine('program');
    const args = ['--plain-http', 'tags', `${server.host}/a`];
    const all = await Promise.all(Array.from({ length: 8 }, () => machine.expect(0, args)));
    expect(all.map(({ stdout }) => stdout)).toEqual(all.map(() => 'v1\n'));
    expect(await codeOf(machine)).toEqual(['tags']);
  });
});

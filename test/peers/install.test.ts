import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fetchNode, npmCli } from '../../scripts/node.mjs';
import { missingPrograms, run, type Finished } from '../helpers/commands.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const ROOT = join(import.meta.dirname, '../..');
const QUIET = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
/** A port that nothing listens on. */
const NO_REGISTRY = 'http://127.0.0.1:9';

const ping = spawnSync(process.execPath, [npmCli(), 'ping', '--fetch-retries=0'], {
  encoding: 'utf8',
});
const offline = ping.status === 0 ? undefined : 'no package registry answers';

/** As a user's shell has it, without what `npm run` says of this project. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(?:package_|lifecycle_|command$|config_(?:local_)?prefix$)|^INIT_CWD$/u.test(name),
  ),
);

describeUnless(offline, 'an installed package', () => {
  let dir: TempDir;
  let tarball: string;

  beforeAll(async () => {
    dir = await tempDir();
    const args = [npmCli(), 'pack', '--ignore-scripts', '--pack-destination', dir.path, ...QUIET];
    const packed = await run(process.execPath, args, { cwd: ROOT, env });
    if (packed.code !== 0) throw new Error(packed.stderr);
    const names = await readdir(dir.path);
    tarball = dir.join(names.find((name) => name.endsWith('.tgz')) ?? 'none');
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  const install = async (
    name: string,
    [program, ...args]: readonly string[],
  ): Promise<{ readonly bin: string; readonly done: Finished }> => {
    const folder = dir.join(name);
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    const done = await run(program ?? '', args, { cwd: folder, env });
    expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
    return { bin: join(folder, 'node_modules/@regctl/cli/bin/regctl.js'), done };
  };
  const works = async (bin: string): Promise<void> => {
    const asked = await run(process.execPath, [bin, '--version'], { env });
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    const layout = await run(process.execPath, [bin, 'tags', 'oci:none'], { env, cwd: dir.path });
    expect(layout.stderr).not.toContain('please report');
  };

  const projectOf = (bin: string): string => join(bin, '../../../../..');

  /** Compiles the examples in a project that has the package. */
  const compile = async (
    folder: string,
    module: string,
    moduleResolution: string,
  ): Promise<void> => {
    const compilerOptions = {
      strict: true,
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      rootDir: 'src',
      outDir: 'out',
      module,
      moduleResolution,
    };
    await cp(join(ROOT, 'examples/library'), join(folder, 'src'), { recursive: true });
    const file = join(folder, 'package.json');
    const project: unknown = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify(Object.assign({}, project, { type: 'module' })));
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['src'] }),
    );
    const tsc = await run(join(ROOT, 'node_modules/.bin/tsc'), [], { cwd: folder, env });
    expect(tsc.code, tsc.stdout).toBe(0);
  };

  it('has the entries and types that publint and attw ask for', async () => {
    const tools = dir.join('checks');
    const names = ['publint', '@arethetypeswrong/cli'];
    const got = await run(
      process.execPath,
      [npmCli(), 'install', '--prefix', tools, ...names, ...QUIET],
      { env },
    );
    expect(got.code, got.stderr).toBe(0);
    const bin = (name: string): string => join(tools, 'node_modules/.bin', name);
    const lint = await run(bin('publint'), ['--strict', tarball], { env });
    expect(lint.code, lint.stdout).toBe(0);
    const types = await run(bin('attw'), [tarball, '--profile', 'esm-only'], { env });
    expect(types.code, types.stdout).toBe(0);
  });

  it('has types with which the examples compile, and a library that runs on every line of Node', async () => {
    const { bin } = await install('library', [
      process.execPath,
      npmCli(),
      'install',
      tarball,
      ...QUIET,
    ]);
    const folder = projectOf(bin);
    await compile(folder, 'esnext', 'bundler');
    await compile(folder, 'nodenext', 'nodenext');
    for (const line of [22, 24, 26] as const) {
      const done = await run(await fetchNode(line), ['out/registry-in-a-test.js'], {
        cwd: folder,
        env,
      });
      expect(done, `Node ${line}`).toMatchObject({ code: 0, stdout: 'pushed true\n', stderr: '' });
    }
  });

  it.each([10, 11, 12])('runs by npx of npm %s, as regctl', async (major) => {
    const tool = dir.join(`npm-${major}`);
    const older = [npmCli(), 'install', '--prefix', tool, `npm@${major}`, ...QUIET];
    expect((await run(process.execPath, older, { env })).code).toBe(0);
    const npx = join(tool, 'node_modules/npm/bin/npx-cli.js');
    const cache = { npm_config_cache: dir.join(`cache-${major}`) };
    const args = [npx, '--yes', `file:${tarball}`, 'version', '-o', 'json'];
    const done = await run(process.execPath, args, { env: { ...env, ...cache }, cwd: dir.path });
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ Installed: 'npx' });
  });

  it('is two programs in one file, which looks at its own name', async () => {
    const { bin } = await install('named', [
      process.execPath,
      npmCli(),
      'install',
      tarball,
      ...QUIET,
    ]);
    const links = join(bin, '../../../../.bin');
    expect((await run(join(links, 'regctl'), ['--version'], { env })).stdout).toMatch(
      /^regctl \d/u,
    );
    const helper = await run(join(links, 'docker-credential-regctl'), ['version'], { env });
    expect(helper.stdout).toMatch(/^docker-credential-regctl/u);
    // A start script of Windows or pnpm calls the file itself.
    const hidden = await run(process.execPath, [bin, 'erase'], { env, input: '' });
    expect(`${hidden.stdout}${hidden.stderr}`).not.toContain('unknown command');
    const named = await run(process.execPath, [bin, 'docker-credential-regctl', 'version'], {
      env,
    });
    expect(named.stdout).toBe(helper.stdout);
  });

  it.each(['bun', 'deno'])('runs under %s', async (program) => {
    const tool = [npmCli(), 'install', '--prefix', dir.join(program), program, ...QUIET];
    const got = await run(process.execPath, tool, { env });
    expect(got.code, got.stderr).toBe(0);
    const { bin } = await install(`for-${program}`, [
      process.execPath,
      npmCli(),
      'install',
      tarball,
      ...QUIET,
    ]);
    const args = program === 'deno' ? ['run', '-A', bin, '--version'] : [bin, '--version'];
    const done = await run(join(dir.path, program, 'node_modules/.bin', program), args, { env });
    expect(done.stdout, done.stderr).toMatch(/^regctl \d/u);
  });

  it.each([
    ['npm', []],
    ['npm without optional packages', ['--omit=optional']],
    ['npm without scripts', ['--ignore-scripts']],
  ])('by %s works, and nothing is printed but its own lines', async (name, options) => {
    const args = [npmCli(), 'install', tarball, ...options, ...QUIET];
    const { bin, done } = await install(name, [process.execPath, ...args]);
    expect(done.stderr).toBe('');
    await works(bin);
  });

  it.each(['pnpm', 'yarn'])('by %s works, and the examples compile and run', async (program) => {
    if (missingPrograms(program) !== undefined) {
      const tool = [npmCli(), 'install', '--prefix', dir.join('tools'), program, ...QUIET];
      expect((await run(process.execPath, tool, { env })).code).toBe(0);
    }
    const path = join(dir.path, 'tools/node_modules/.bin', program);
    const from = program === 'yarn' ? `file:${tarball}` : tarball;
    const { bin } = await install(program, [path, 'add', from]);
    await works(bin);
    const folder = projectOf(bin);
    await compile(folder, 'nodenext', 'nodenext');
    const args = ['out/registry-in-a-test.js'];
    const done = await run(process.execPath, args, { cwd: folder, env });
    expect(done).toMatchObject({ code: 0, stdout: 'pushed true\n', stderr: '' });
  });
});

describeUnless(offline, 'a Node that a clone fetches', () => {
  it.each([22, 24, 26] as const)('of line %s runs', async (line) => {
    const node = await fetchNode(line);
    const done = await run(node, ['--version'], { env });
    expect(done.stdout).toMatch(new RegExp(`^v${line}\\.`, 'u'));
  });

  it('is one line and exit 1 where the registry cannot be reached and nothing is cached', async () => {
    await using dir = await tempDir();
    const script = `import { fetchNode } from ${JSON.stringify(join(ROOT, 'scripts/node.mjs'))};
      await fetchNode().catch((error) => { console.log(error.message); process.exit(1); });`;
    const cold = { XDG_CACHE_HOME: dir.path, npm_config_cache: dir.join('npm') };
    const done = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...env, ...cold, npm_config_registry: NO_REGISTRY },
    });
    expect(done.code).toBe(1);
    expect(done.stdout).toMatch(
      /^Node \S+ cannot be fetched from the package registry: [^\n]+\n$/u,
    );
    expect(await readdir(dir.join('regctl/node'))).toEqual([]);
  });
});

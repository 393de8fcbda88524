import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/cli/version.ts';
import { run } from '../helpers/commands.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { tempDir } from '../helpers/temp.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/regctl.js');

/** Writes every module that is resolved to stderr. */
const HOOKS = `
import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(2, 'loaded ' + found.url + '\\n');
  return found;
}`;

/** The sources in the loaded files of the bundle, as the build noted them. */
async function sourcesOf(hooked: string): Promise<string> {
  const noted = await readFile(join(ROOT, 'dist/bundle/contents.json'), 'utf8');
  const contents = JSON.parse(noted) as Record<string, readonly string[] | undefined>;
  const files = [...hooked.matchAll(/^loaded file:.*\/dist\/bundle\/(.*)$/gmu)];
  return files.flatMap(([, name]) => contents[name ?? ''] ?? []).join('\n');
}

async function loadedBy(...args: readonly string[]): Promise<{ modules: string; stdout: string }> {
  await using dir = await tempDir();
  await writeFile(dir.join('hooks.mjs'), HOOKS);
  await writeFile(
    dir.join('register.mjs'),
    "import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);\n",
  );
  const done = await run(process.execPath, ['--import', dir.join('register.mjs'), BIN, ...args], {
    env: { PATH: process.env['PATH'] },
  });
  expect(done.code, done.stderr).toBe(0);
  return { modules: await sourcesOf(done.stderr), stdout: done.stdout };
}

describe('the start', () => {
  it.each([[['--version']], [['--help']], [['tags', '--help']], [['help', 'copy']]])(
    '%j loads no wire, colours or spinner',
    async (args) => {
      const { modules } = await loadedBy(...args);
      expect(modules).toContain('src/cli/main.ts');
      expect(modules).not.toMatch(/node_modules\/(?:chalk|ora|semver|tldts|undici)\//);
      expect(modules).not.toMatch(/src\/(?:http|registry|auth|copy|server|transports)\//);
    },
  );

  it('--version loads not even the command line parser or the table', async () => {
    const { modules, stdout } = await loadedBy('--version');
    expect(stdout).toBe(`regctl ${VERSION}\n`);
    expect(modules).not.toMatch(/commander|src\/commands\//);
  });

  it('`tags` loads neither colours, a spinner nor the list of public suffixes', async () => {
    await using server = await startScriptedServer(() => ({
      status: 200,
      body: JSON.stringify({ name: 'a', tags: ['v1'] }),
    }));
    const { modules, stdout } = await loadedBy('tags', '--plain-http', `${server.host}/a`);
    expect(stdout).toBe('v1\n');
    expect(modules).toContain('src/http/exchange-undici.ts');
    expect(modules).not.toContain('src/http/exchange-node.ts');
    // Of undici the connections alone: no `request`, fetch, cache or mock.
    expect(modules).toContain('undici/lib/dispatcher/pool.js');
    expect(modules).not.toMatch(/undici\/lib\/(?:api|cache|interceptor|mock|web\/fetch\/index)/);
    expect(modules).not.toMatch(/node_modules\/(?:chalk|ora|semver|tldts)\//);
    expect(modules).not.toMatch(/src\/(?:server|copy|convert)\//);
  });

  it('knows the version of the package', async () => {
    const text = await readFile(join(ROOT, 'package.json'), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  });
});

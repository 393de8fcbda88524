import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createClient } from '../../src/client/api/create-client.ts';
import { makeIndex, writeLayout, type TestImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';

const FOLDER = join(import.meta.dirname, '../../examples/library');
const EXAMPLES = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));

let dir: TempDir;
let registry: RegistryServer | undefined;
let image: TestImage;
const { argv } = process;
const environment = { HOME: '', REGCTL_CACHE: 'off', DOCKER_CONFIG: '' };
const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);

beforeAll(async () => {
  dir = await tempDir();
  Object.assign(process.env, environment, { HOME: dir.path, DOCKER_CONFIG: dir.path });
  image = await makeIndex();
  await writeLayout(dir.join('layout'), { app: image });
});

afterAll(async () => {
  process.argv = argv;
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await registry?.[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await registry?.[Symbol.asyncDispose]();
  registry = await startRegistryServer({ storage: createMemoryStorage() });
  await using client = createClient();
  await client.copy(`oci:${dir.join('layout')}:app`, `${registry.host}/app:1.2.0`, {
    additionalTags: ['1.3.0', 'old'],
  });
});

/** Runs an example as a user would, and returns its lines. */
async function run(name: string, ...args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words: readonly unknown[]) => {
    lines.push(words.join(' '));
  });
  process.argv = [process.execPath, name, ...args];
  try {
    await import(join(FOLDER, name));
  } finally {
    log.mockRestore();
  }
  return lines;
}

const app = (rest: string): string => `${registry?.host}/app${rest}`;

it('lists the tags of a range', async () => {
  expect(await run('list-tags.ts', app(''), '^1')).toEqual(['1.2.0', '1.3.0']);
});

it('inspects an image', async () => {
  const [first, ...platforms] = await run('inspect.ts', app(':old'));
  expect(first).toMatch(/@sha256:[0-9a-f]{64}: \d+ bytes$/u);
  expect(platforms.map((line) => line.trim())).toContain('linux/amd64');
});

it('pins digests', async () => {
  const [lines = ''] = await run('pin-digests.ts', app(':old'), app(':1.2.0'));
  expect(lines.split('\n')).toEqual([
    `${app(':old')}@${image.root.digest}`,
    `${app(':1.2.0')}@${image.root.digest}`,
  ]);
});

it('copies with progress', async () => {
  const lines = await run('copy-with-progress.ts', app(':old'), `oci:${dir.join('copied')}:old`);
  expect(lines.at(-1)).toContain(image.root.digest);
  expect(lines.length).toBe(image.nodes.size + 1);
});

it('copies one platform', async () => {
  const args = [app(':old'), `${registry?.host}/one:1`, 'linux/arm64'];
  const [digest] = await run('copy-one-platform.ts', ...args);
  expect(digest).toMatch(/^sha256:/u);
  expect(digest).not.toBe(image.root.digest);
});

it('mirrors versions', async () => {
  const lines = await run('mirror-versions.ts', app(''), `${registry?.host}/mirror`, '^1');
  expect(lines).toEqual(['1.2.0: copied', '1.3.0: copied']);
});

it('deletes safely', async () => {
  const lines = await run('delete-safely.ts', app(':old'));
  expect(lines[0]).toContain('its digest also has the tags');
  expect(lines[1]).toBe('removed only the tag');
  expect(await run('list-tags.ts?2', app(''))).toEqual(['1.2.0', '1.3.0']);
});

it('pushes a file and reads it', async () => {
  const [digest, manifest = ''] = await run('push-report.ts', app(':report'));
  expect(digest).toMatch(/^sha256:/u);
  expect(JSON.parse(manifest)).toMatchObject({
    artifactType: 'application/vnd.example.report.v1+json',
    layers: [{ annotations: { 'org.opencontainers.image.title': 'report.json' } }],
  });
});

it('attaches an SBOM', async () => {
  const lines = await run('attach-sbom.ts', app(':1.2.0'));
  expect(lines).toEqual([expect.stringMatching(/^application\/spdx\+json sha256:/u)]);
});

it('explains an error', async () => {
  const lines = await run('explain-error.ts', app(':none'));
  expect(lines[0]).toMatch(/^MANIFEST_UNKNOWN: /u);
  expect(lines.at(-1)).toBe('404 MANIFEST_UNKNOWN no login');
});

it('serves names from users', async () => {
  const [ok, layout, metadata] = await run(
    'service.ts',
    app(':old'),
    'oci:/etc',
    '169.254.169.254/app:1',
  );
  expect(ok).toBe(`${app(':old')}: ${image.root.digest}`);
  expect(layout).toContain('"oci:" may not be used here');
  expect(metadata).toContain('allowHost refuses the host');
});

it('runs a registry in a test', async () => {
  expect(await run('registry-in-a-test.ts')).toEqual(['pushed true']);
});

it('runs every example, and their list names every one', () => {
  const tested = readFileSync(import.meta.filename, 'utf8');
  const list = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  expect(
    EXAMPLES.filter((name) => !tested.includes(`run('${name}'`) && !tested.includes(`'${name}',`)),
  ).toEqual([]);
  expect(EXAMPLES.filter((name) => !list.includes(`(${name})`))).toEqual([]);
});

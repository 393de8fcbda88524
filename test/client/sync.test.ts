import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createClient } from '../../src/client/api/create-client.ts';
import type { SyncCallOptions, SyncFileOptions } from '../../src/client/api/sync-types.ts';
import type { ImageResult } from '../../src/sync/results.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { signingKey } from '../../src/signing/sign/key.ts';
import { signManifests } from '../../src/signing/sign/sign.ts';
import { makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { codeOf } from '../helpers/thrown.ts';

let registry: RegistryServer;
let image: TestImage;
let dir: TempDir;

beforeAll(async () => {
  dir = await tempDir();
  image = await makeIndex();
});
beforeEach(async () => {
  await registry?.[Symbol.asyncDispose]();
  registry = await startRegistryServer({ storage: createMemoryStorage() });
  for (const name of ['team/app', 'team/tool'])
    await pushImage(registry.url.origin, name, ['1.0.0', '1.1.0', '2.0.0', 'edge'], image);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const newClient = () =>
  createClient({
    machine: { env: { REGCTL_CACHE: 'off' }, home: undefined },
    settings: { retryTimes: 0 },
  });
const at = (path: string): string => `${registry.host}/${path}`;
const sync = async (from: string | readonly string[], to: string, options?: SyncCallOptions) => {
  await using client = newClient();
  return await client.sync(from, to, options);
};
const tagsOf = async (path: string): Promise<readonly string[]> => {
  await using client = newClient();
  return await Array.fromAsync(client.tags(at(path)));
};
const shown = (results: readonly ImageResult[]): readonly string[] =>
  results
    .map(({ destination, outcome }) => `${destination.slice(registry.host.length + 1)} ${outcome}`)
    .toSorted();

it('takes places as the command does: several, braces, all below a name, one image', async () => {
  const some = { semver: '^1' };
  expect(shown(await sync(at('team/{app,tool}'), at('mirror/'), some))).toEqual([
    'mirror/app:1.0.0 copied',
    'mirror/app:1.1.0 copied',
    'mirror/tool:1.0.0 copied',
    'mirror/tool:1.1.0 copied',
  ]);
  expect(
    shown(await sync([at('team/app'), at('team/tool')], at('two/'), { newest: 1, ...some })),
  ).toEqual(['two/app:1.1.0 copied', 'two/tool:1.1.0 copied']);
  expect(shown(await sync(at('team/'), at('below/'), { include: ['^edge$'] }))).toEqual([
    'below/app:edge copied',
    'below/tool:edge copied',
  ]);
  expect(shown(await sync(at('team/app:edge'), at('one/image:now')))).toEqual([
    'one/image:now copied',
  ]);
});

it('names copies by rules, styles and a suffix', async () => {
  const exclude = ['^[12]'];
  const map = [{ pattern: `${registry.host}/team/*`, template: 'mapped/$1' }];
  expect(shown(await sync(at('team/app'), registry.host, { exclude, map, suffix: '-x' }))).toEqual([
    'mapped/app:edge-x copied',
  ]);
  expect(shown(await sync(at('team/app'), at('kept'), { exclude, naming: 'keep-path' }))).toEqual([
    'kept/team/app:edge copied',
  ]);
});

it('compares, runs dry, and spares what never moves', async () => {
  const to = at('mirror');
  expect(shown(await sync(at('team/app'), to, { semver: '2', check: true }))).toEqual([
    'mirror:2.0.0 copied',
  ]);
  await sync(at('team/app'), to, { semver: '2', dryRun: true });
  await expect(tagsOf('mirror')).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
  await sync(at('team/app'), to, { semver: '2' });
  const again = { missing: true, immutable: ['*'], jobs: 1, shard: { index: 1, count: 1 } };
  const results = await sync(at('team/app'), to, { semver: '2', ...again });
  expect(results.map(({ outcome, because }) => [outcome, because])).toEqual([
    ['unchanged', expect.stringMatching(/^--(?:immutable|missing)$/u)],
  ]);
});

it('deletes only what it wrote, which its state says', async () => {
  const to = at('mirror');
  const state = dir.join('state.json');
  await sync(at('team/app'), to, { state });
  {
    await using client = newClient();
    await client.delete(at('team/app:edge'), { untag: true });
    await client.copy(at('team/app:1.0.0'), `${to}:of-others`);
  }
  const [refused] = (await sync(at('team/app'), to, { delete: 'owned' })).filter(
    ({ error }) => error !== undefined,
  );
  expect(refused?.error?.code).toBe('DECLINED');
  const gone = await sync(at('team/app'), to, { delete: 'owned', state });
  expect(shown(gone.filter(({ outcome }) => outcome === 'deleted'))).toEqual([
    'mirror:edge deleted',
  ]);
  expect(await tagsOf('mirror')).toEqual(['1.0.0', '1.1.0', '2.0.0', 'of-others']);
});

it('stops at a budget, and keeps what it overwrites', async () => {
  const over = await sync(at('team/app'), at('small'), { budget: 0 });
  const codes = over.flatMap(({ error }) => (error === undefined ? [] : [error.code]));
  expect(new Set(codes)).toEqual(new Set(['RATE_LIMITED']));
  await expect(tagsOf('small')).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
  await pushImage(
    registry.url.origin,
    'old',
    ['edge'],
    await makeIndex({ created: '2020-01-01T00:00:00Z' }),
  );
  await sync(at('team/app'), at('old'), { include: ['edge'], backup: 'before-{{.Ref.Tag}}' });
  expect(await tagsOf('old')).toEqual(['before-edge', 'edge']);
});

it('copies nothing that the keys have not signed', async () => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { privateKey, publicKey } = pair();
  const pem = (key: typeof publicKey) => [String(key.export({ type: 'spki', format: 'pem' }))];
  {
    await using client = newClient();
    const subject = await client.resolve(at('team/app:edge'));
    await using store = await client.openWrite(at('team/app'));
    await signManifests(
      store,
      [subject],
      { annotations: {}, reference: at('team/app') },
      {
        forms: ['bundle'],
        concurrency: 1,
        key: signingKey(privateKey),
        created: '2026-02-01T00:00:00Z',
      },
    );
  }
  const from = at('team/app:edge');
  const wrong = sync(from, at('signed:1'), { verifyKeys: pem(pair().publicKey) });
  expect(await codeOf(wrong)).toBe('POLICY_REJECTED');
  const right = await sync(from, at('signed:1'), { verifyKeys: pem(publicKey) });
  expect(shown(right)).toEqual(['signed:1 copied']);
  await using client = newClient();
  expect((await client.referrers(at('signed:1'))).root.referrers).toHaveLength(1);
});

it('does the jobs of a file, with its logins', async () => {
  await using guarded = await startRegistryServer({
    storage: createMemoryStorage(),
    basicAuth: async (user, password) => user === 'ann' && password === 's3cret',
  });
  const file = dir.join('jobs.yml');
  await writeFile(
    file,
    `version: 1
creds:
  - {registry: "${guarded.host}", user: ann, pass: s3cret}
sync:
  - {name: app, source: "${at('team/app')}", target: "${guarded.host}/app", type: repository, tags: {allow: ["edge"]}}
  - {name: tool, source: "${at('team/tool')}", target: "${guarded.host}/tool", type: repository, surprise: 1}
`,
  );
  const warnings: string[] = [];
  await using client = createClient({
    machine: { env: { REGCTL_CACHE: 'off' }, home: undefined },
    settings: { retryTimes: 0 },
    onWarning: (text) => warnings.push(text),
  });
  const call = (options?: SyncFileOptions) => client.syncFile(file, options);
  const results = await call({ only: ['app'] });
  expect(results.map(({ destination, outcome }) => [destination, outcome])).toEqual([
    [`${guarded.host}/app:edge`, 'copied'],
  ]);
  expect(warnings).toEqual([expect.stringContaining('surprise')]);
  expect(await codeOf(call({ strict: true }))).toBe('USAGE');
  expect(await codeOf(call({ only: ['none'] }))).toBe('USAGE');
  expect(await codeOf(client.syncFile(dir.join('none.yml')))).toBe('USAGE');
  expect(shown(await call({ only: ['tool'], dryRun: true, semver: '^2' }))).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { contentsOf, seed } from './recorded-registry.ts';
import { scene, tagsOf } from './scene.ts';

const two = {
  'team/a/app': { tags: { v1: 'app-1', v2: 'app-2' } },
  'team/b/web': { tags: { v1: 'app-3' } },
};

test.each([
  [['--flat'], ['m/app', 'm/web']],
  [['--keep-path'], ['m/team/a/app', 'm/team/b/web']],
  [
    ['--map', '*/team/a/*=first/$2', '--map', '*/team/*=rest/$2'],
    ['m/first/app', 'm/rest/b/web'],
  ],
  [
    ['--map', '*/team/*/*=$base/$2'],
    ['m/app/a', 'm/web/b'],
  ],
])('%j names the copies', async (options, expected) => {
  await using here = await scene(two);
  const done = await here.run(...options, 'S/team/a/app', 'S/team/b/web', 'T/m/');
  expect(done.code, done.stderr).toBe(0);
  expect(Object.keys(await contentsOf(here.target.storage)).toSorted()).toEqual(expected);
});

test('a template may name the tag', async () => {
  await using here = await scene(two);
  const done = await here.run('--map', '*/team/a/app=all:app-$tag', 'S/team/a/app', 'T/m/');
  expect(done.code, done.stderr).toBe(0);
  expect(await tagsOf(here.target, 'm/all')).toEqual(['app-v1', 'app-v2']);
});

test.each(['no-equals-sign', '=x', 'x='])('--map %s is a usage error', async (rule) => {
  await using here = await scene(two);
  const refused = await here.run('--map', rule, 'S/team/a/app', 'T/m/');
  expect(refused.code).toBe(64);
  expect(here.source.requests).toEqual([]);
});

test('a port in a host has no place in a repository: --scoped names the --map to use', async () => {
  await using here = await scene(two);
  const refused = await here.run('--scoped', 'S/team/a/app', 'T/m/');
  expect(refused.code).toBe(64);
  expect(refused.stderr).toContain(`--map '${here.source.server.host}/*=`);
});

test('--newest by version takes the highest', async () => {
  const tags = { 'v1.9.0': 'app-1', 'v1.10.0': 'app-2', 'v1.2.0': 'app-3', edge: 'app-4' };
  await using here = await scene({ app: { tags } });
  const done = await here.run('--newest', '2', '--semver', '*', 'S/app', 'T/app');
  expect(done.code, done.stderr).toBe(0);
  expect(await tagsOf(here.target, 'app')).toEqual(['v1.10.0', 'v1.9.0']);
});

test('ndjson prints an image a line, and a failure with its cause and exit status', async () => {
  await using here = await scene({ app: { tags: { a: 'app-1', b: 'app-2' } } });
  await here.run('S/app', 'T/app');
  await seed(here.source.storage, { app: { tags: { b: 'app-3' } } });
  const done = await here.run('S/app', 'S/gone:v1', 'T/', '-o', 'ndjson');
  expect(done.code).toBe(2);
  const lines = done.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { Source: string; Outcome: string; Error: object | null });
  const outcomes = lines.map(
    ({ Source, Outcome }) => `${Source.replace(/^[^/]*\//u, '')} ${Outcome}`,
  );
  expect(outcomes.toSorted()).toEqual(['app:a unchanged', 'app:b copied', 'gone:v1 failed']);
  expect(lines.find(({ Outcome }) => Outcome === 'failed')?.Error).toMatchObject({ exit: 2 });
});

test('--sparse-index keeps the digest, and copies only what was chosen', async () => {
  await using here = await scene({ app: { tags: { v1: 'multi-1' } } });
  const options = ['--platform', 'linux/amd64', '--sparse-index'];
  const refused = await here.run('--sparse-index', 'S/app', 'T/app');
  expect(refused.code).toBe(64);
  const done = await here.run(...options, 'S/app', 'T/app');
  // The embedded registry wants the images of an index, and so do most.
  expect(done.code).toBe(1);
  expect(done.stderr + done.stdout).toContain('every image of an index');
  expect(await tagsOf(here.target, 'app')).toEqual([]);
  const folder = await here.run(...options, 'S/app:v1', 'oci:out:v1');
  expect(folder.code, folder.stderr).toBe(0);
});

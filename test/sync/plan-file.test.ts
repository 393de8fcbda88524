import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { contentsOf, seed } from './recorded-registry.ts';
import { scene, tagsOf } from './scene.ts';

const both = { app: { tags: { a: 'app-1', b: 'app-2' } } };

test('a plan writes nothing, and apply does what it says, by digest', async () => {
  await using here = await scene(both, { app: { tags: { a: 'app-3', old: 'app-4' } } });
  const planned = await here.run('--plan', 'plan.json', '--delete=all', 'S/app', 'T/app');
  expect(planned.code, planned.stderr).toBe(0);
  expect(await tagsOf(here.target, 'app')).toEqual(['a', 'old']);
  const before = await contentsOf(here.source.storage);
  // What moves at the source after the plan is not what somebody looked at.
  await seed(here.source.storage, { app: { tags: { b: 'app-5' } } });
  const done = await here.run('apply', 'plan.json', '-o', 'json');
  expect(done.code, done.stderr).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({ Totals: { Copied: 2, Deleted: 1 } });
  const { tags } = (await contentsOf(here.target.storage))['app'] ?? {};
  expect(tags).toEqual(before['app']?.tags);
  const again = await here.run('apply', 'plan.json', '-o', 'json');
  expect(JSON.parse(again.stdout)).toMatchObject({ Totals: { Copied: 0, Failed: 2 } });
});

test('what has moved at the target since the plan stays', async () => {
  await using here = await scene(both, { app: { tags: { a: 'app-3', old: 'app-4' } } });
  await here.run('--plan', 'plan.json', '--delete=all', 'S/app', 'T/app');
  await seed(here.target.storage, { app: { tags: { a: 'app-6', old: 'app-7' } } });
  const before = await contentsOf(here.target.storage);
  const refused = await here.run('apply', 'plan.json');
  expect(refused.code, refused.stderr).toBe(3);
  const { tags } = (await contentsOf(here.target.storage))['app'] ?? {};
  expect(tags?.['a']).toBe(before['app']?.tags['a']);
  expect(tags?.['old']).toBe(before['app']?.tags['old']);
  // What nobody has written stays a copy to make.
  expect(tags?.['b']).toBeDefined();
});

test('a plan holds no login, and no other file is taken for one', async () => {
  await using here = await scene(both);
  await writeFile(
    here.folder.join('sync.yml'),
    `creds:\n- {registry: ${here.target.server.host}, user: u, pass: hush}\nsync:\n- {source: ${here.source.server.host}/app, target: ${here.target.server.host}/app, type: repository}\n`,
  );
  const planned = await here.run('--file', 'sync.yml', '--plan', 'plan.json');
  expect(planned.code, planned.stderr).toBe(0);
  expect(await readFile(here.folder.join('plan.json'), 'utf8')).not.toContain('hush');
  expect((await here.run('apply', 'plan.json', '--file', 'sync.yml')).code).toBe(0);
  expect((await here.run('apply', 'sync.yml')).code).toBe(64);
  const missing = await here.run('apply', 'none.json');
  expect([missing.code, missing.stderr]).toEqual([64, expect.stringContaining('does not exist')]);
  expect((await here.run('apply', 'plan.json', '--include', 'a')).code).toBe(64);
  expect((await here.run('--plan', 'p', '--check', 'S/app', 'T/app')).code).toBe(64);
});

test('a dry run names the requests of a run, and a run takes about as many', async () => {
  await using here = await scene(both);
  const dry = await here.run('--dry-run', 'S/app', 'T/app', '-o', 'json');
  const { Totals } = JSON.parse(dry.stdout) as { Totals: { Requests: number; Pulls: number } };
  expect(dry.stderr).toContain(`about ${Totals.Requests} requests and 0 counted pulls`);
  const done = await here.run('S/app', 'T/app', '-o', 'json');
  const real = JSON.parse(done.stdout) as { Totals: { Requests: number } };
  expect(Math.abs(real.Totals.Requests - Totals.Requests)).toBeLessThanOrEqual(6);
});

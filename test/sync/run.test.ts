import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CONTENT, contentsOf, seed } from './recorded-registry.ts';
import { numbered, scene, tagsOf } from './scene.ts';

describe('requests', () => {
  test('nothing to do over 20 tags costs two lists and a look at each side and tag', async () => {
    await using here = await scene({ app: { tags: numbered(20) } });
    await here.run('S/app', 'T/app');
    const again = await here.run('S/app', 'T/app', '-o', 'json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ Totals: { Unchanged: 20, Copied: 0 } });
    const requests = [...here.source.requests, ...here.target.requests];
    expect(requests.length).toBeLessThanOrEqual(44);
    // Some registries count each manifest that is read as a pull.
    expect(requests.filter((one) => /^GET .*\/manifests\//u.test(one))).toEqual([]);
  });

  test('a manifest is read only for a tag that has moved', async () => {
    await using here = await scene({ app: { tags: numbered(5) } });
    await here.run('S/app', 'T/app');
    await seed(here.source.storage, { app: { tags: { v1: 'app-9' } } });
    const again = await here.run('S/app', 'T/app');
    expect(again.code, again.stderr).toBe(0);
    const reads = here.source.requests.filter((one) => /^GET .*\/manifests\//u.test(one));
    expect(reads).toHaveLength(1);
  });

  test('what is immutable is not asked for: two lists', async () => {
    await using here = await scene({ app: { tags: numbered(20) } });
    await here.run('S/app', 'T/app');
    for (const option of [['--immutable', '*'], ['--missing']]) {
      const again = await here.run('S/app', 'T/app', ...option);
      expect(again.code, again.stderr).toBe(0);
      expect([...here.source.requests, ...here.target.requests].length).toBeLessThanOrEqual(3);
    }
  });

  test('a blob that many repositories share is read and sent once', async () => {
    const repositories = Object.fromEntries(
      Array.from({ length: 12 }, (_one, i) => [`team/app${i}`, { tags: { v1: 'app-1' } }]),
    );
    await using here = await scene(repositories);
    const done = await here.run('S/team/', 'T/mirror/');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'mirror/app11')).toEqual(['v1']);
    const [layer] = CONTENT.objects['app-1']?.blobs?.slice(1) ?? [];
    const reads = here.source.requests.filter(
      (one) => one.startsWith('GET') && one.includes(`/blobs/${layer}`),
    );
    expect(reads).toHaveLength(1);
  });
});

describe('safety', () => {
  test('a dry run and a check write nothing', async () => {
    await using here = await scene({ app: { tags: numbered(2) } });
    const [dry, check] = [
      await here.run('--dry-run', 'S/app', 'T/app'),
      await here.run('--check', 'S/app', 'T/app'),
    ];
    expect([dry.code, check.code]).toEqual([0, 3]);
    expect(await contentsOf(here.target.storage)).toEqual({});
  });

  test('two sources on one name are refused before the first byte', async () => {
    await using here = await scene({
      'a/app': { tags: { v1: 'app-1' } },
      'b/app': { tags: { v1: 'app-2' } },
    });
    const refused = await here.run('S/a/app', 'S/b/app', 'T/m');
    expect(refused.code).toBe(64);
    expect(await contentsOf(here.target.storage)).toEqual({});
    const named = await here.run('--keep-path', 'S/a/app', 'S/b/app', 'T/m');
    expect(named.code, named.stderr).toBe(0);
    expect(Object.keys(await contentsOf(here.target.storage))).toEqual(['m/a/app', 'm/b/app']);
  });

  test('--delete=all deletes what the source does not have, and no other tag', async () => {
    await using here = await scene(
      { app: { tags: { a: 'app-1', b: 'app-2' } } },
      { app: { tags: { a: 'app-1', old: 'app-3', same: 'app-1' } } },
    );
    const dry = await here.run('--dry-run', '--delete=all', 'S/app', 'T/app');
    expect(dry.stdout).toContain('deleted');
    expect(await tagsOf(here.target, 'app')).toEqual(['a', 'old', 'same']);
    const done = await here.run('--delete=all', '--include', '^a$', 'S/app', 'T/app');
    expect(done.code, done.stderr).toBe(0);
    // "b" was not chosen, and is no reason to delete anything.
    expect(await tagsOf(here.target, 'app')).toEqual(['a']);
  });

  test('--delete deletes only what this job wrote and what still is as it was', async () => {
    await using here = await scene(
      { app: { tags: { a: 'app-1', b: 'app-2', c: 'app-4' } } },
      { app: { tags: { mine: 'app-3' } } },
    );
    await here.run('S/app', 'T/app', '--state', 'state.json');
    const { manifests } = here.source.storage;
    for (const tag of ['b', 'c']) await manifests.untag('app' as never, tag as never);
    await seed(here.target.storage, { app: { tags: { c: 'app-5' } } });
    const refused = await here.run('--delete', 'S/app', 'T/app', '--state', 'none');
    expect(refused.code).toBe(3);
    const done = await here.run('--delete', 'S/app', 'T/app', '--state', 'state.json');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(['a', 'c', 'mine']);
    expect(await readFile(here.folder.join('state.json'), 'utf8')).not.toContain('app:b');
  });

  test('a run of one job of a file has the state of the whole file', async () => {
    await using here = await scene({
      app: { tags: { a: 'app-1', b: 'app-2' } },
      web: { tags: { a: 'app-3' } },
    });
    const [from, to] = [here.source.server.host, here.target.server.host];
    const steps = ['app', 'web'].map(
      (name) =>
        `- {name: ${name}, source: ${from}/${name}, target: ${to}/${name}, type: repository, delete: owned}\n`,
    );
    await writeFile(here.folder.join('sync.yml'), `sync:\n${steps.join('')}`);
    expect((await here.run('--file', 'sync.yml')).code).toBe(0);
    await here.source.storage.manifests.untag('app' as never, 'b' as never);
    const done = await here.run('--file', 'sync.yml', '--only', 'app');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(['a']);
  });

  test('more than --max-delete allows, or a source without tags, deletes nothing', async () => {
    const old = Object.fromEntries(Array.from({ length: 7 }, (_one, i) => [`old${i}`, 'app-2']));
    await using here = await scene({ app: { tags: { a: 'app-1' } } }, { app: { tags: old } });
    expect((await here.run('--delete=all', 'S/app', 'T/app')).code).toBe(3);
    expect(await tagsOf(here.target, 'app')).toHaveLength(8);
    await here.source.storage.manifests.untag('app' as never, 'a' as never);
    const empty = await here.run('--delete=all', '--max-delete', '100%', 'S/app', 'T/app');
    expect(empty.code).toBe(3);
    expect(await tagsOf(here.target, 'app')).toHaveLength(8);
  });

  test('nothing is deleted where an image failed', async () => {
    await using here = await scene(
      { app: { tags: { a: 'app-1', b: 'app-2' } } },
      { app: { tags: { old: 'app-3' } } },
    );
    const [blob = ''] = CONTENT.objects['app-2']?.blobs ?? [];
    await here.source.storage.blobs.remove('app' as never, blob as never);
    const done = await here.run('--delete=all', 'S/app', 'T/app');
    expect(done.code).toBe(1);
    expect(await tagsOf(here.target, 'app')).toEqual(['a', 'old']);
  });

  test('what a backup holds stays, and what is deleted is saved first', async () => {
    await using here = await scene(
      { app: { tags: { a: 'app-1' } } },
      { app: { tags: { a: 'app-2', gone: 'app-3' } } },
    );
    const done = await here.run('--delete=all', '--backup', 'old-{{.Ref.Tag}}', 'S/app', 'T/app');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(['a', 'old-a', 'old-gone']);
  });
});

test.each(['server', 'status', 'apply', 'config'])('the word %s is no image', async (word) => {
  await using here = await scene({});
  const refused = await here.run(word);
  expect(refused.code).toBe(64);
  const wrong = await here.run(word, 'T/app', 'T/other', 'T/more');
  expect(wrong.code).toBe(64);
  expect(here.target.requests).toEqual([]);
});

test('the parts of --shard are the whole, and no image twice', async () => {
  const repositories = Object.fromEntries(
    Array.from({ length: 20 }, (_one, i) => [`r${i}`, { tags: { v1: 'app-1' } }]),
  );
  await using here = await scene(repositories);
  const seen: string[] = [];
  for (const part of [1, 2, 3]) {
    const done = await here.run('--dry-run', '--shard', `${part}/3`, 'S/', 'T/m/', '-o', 'json');
    expect(done.code, done.stderr).toBe(0);
    const { Images } = JSON.parse(done.stdout) as { Images: readonly { Destination: string }[] };
    seen.push(...Images.map(({ Destination }) => Destination.replace(/^[^/]*\//u, '')));
  }
  expect(seen.toSorted()).toEqual(
    Object.keys(repositories)
      .map((name) => `m/${name}:v1`)
      .toSorted(),
  );
});

test('a file is printed in our own format, which reads the same, without its secrets', async () => {
  await using here = await scene({});
  await writeFile(
    here.folder.join('in.yml'),
    'creds:\n- {registry: r.example, user: u, pass: hush}\nsync:\n- {source: r.example/a, target: t.example/b, type: repository, tags: {allow: [3.10, "1|2"]}}\n',
  );
  const first = await here.run('config', 'in.yml', '--convert');
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).not.toContain('hush');
  await writeFile(here.folder.join('out.yml'), first.stdout);
  const second = await here.run('config', 'out.yml', '--convert');
  expect(second.stdout).toBe(first.stdout);
});

test('a file of skopeo in our own format still takes the platform of this machine only', async () => {
  await using here = await scene({});
  await writeFile(here.folder.join('in.yml'), 'r.example:\n  images:\n    a: [v1]\n');
  const printed = await here.run('config', 'in.yml', '--convert');
  expect(printed.stdout, printed.stderr).toContain('platform: local\n');
});

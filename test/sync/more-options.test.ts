import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeImage, pushImage } from '../helpers/images.ts';
import { keepTimetable } from '../../src/sync/timetable.ts';
import type { SyncJob } from '../../src/sync/types.ts';
import { parseSchedule } from '../../src/sync/schedule.ts';
import { numbered, scene, tagsOf } from './scene.ts';

describe('--since', () => {
  const days = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();

  test('takes what is younger, and names what has no date', async () => {
    await using here = await scene({});
    const { origin } = here.source.server.url;
    for (const [tag, created] of [
      ['new', days(2)],
      ['old', days(40)],
      ['none', '1970-01-01T00:00:00Z'],
    ] as const)
      await pushImage(origin, 'app', [tag], await makeImage({ layers: 1, created }));
    const done = await here.run('--since', '30d', 'S/app', 'T/app');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(['new']);
    expect(done.stderr).toContain('tags without a date are left out of the newest: none');
    // An old tag is still at the source.
    await here.run('S/app:old', 'T/app:old');
    const again = await here.run('--since', '30d', '--delete=all', 'S/app', 'T/app');
    expect(again.code, again.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(['new', 'old']);
    expect((await here.run('--since', 'soon', 'S/app', 'T/app')).code).toBe(64);
  });
});

test('--glob takes whole tags, and what --include leaves of them', async () => {
  await using here = await scene({
    app: { tags: { '3.1': 'app-1', '3.2-rc': 'app-2', '13.1': 'app-3', edge: 'app-4' } },
  });
  const done = await here.run('--glob', '3.*', '--glob', 'edge', '--exclude', 'rc', 'S/app', 'T/a');
  expect(done.code, done.stderr).toBe(0);
  expect(await tagsOf(here.target, 'a')).toEqual(['3.1', 'edge']);
});

describe('--by', () => {
  /** The highest version is the oldest image. */
  async function backwards() {
    const here = await scene({});
    for (const [tag, created] of [
      ['v3', '2024-01-01T00:00:00Z'],
      ['v2', '2025-01-01T00:00:00Z'],
      ['v1', '2026-01-01T00:00:00Z'],
    ] as const) {
      const image = await makeImage({ layers: 1, created });
      await pushImage(here.source.server.url.origin, 'app', [tag], image);
    }
    return here;
  }

  test.each([
    [
      ['--by', 'version'],
      ['v2', 'v3'],
    ],
    [
      ['--by', 'created'],
      ['v1', 'v2'],
    ],
    [[], ['v1', 'v2']],
    [
      ['--semver', '*'],
      ['v2', 'v3'],
    ],
    [
      ['--semver', '*', '--by', 'created'],
      ['v1', 'v2'],
    ],
  ])('--newest 2 %j', async (options, tags) => {
    await using here = await backwards();
    const done = await here.run('--newest', '2', ...options, 'S/app', 'T/app');
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsOf(here.target, 'app')).toEqual(tags);
  });

  test('is nothing without --newest', async () => {
    await using here = await scene({ app: { tags: numbered(2) } });
    expect((await here.run('--by', 'version', 'S/app', 'T/app')).code).toBe(64);
  });
});

test('--shared-blob-dir keeps the blobs of all layouts in one directory', async () => {
  await using here = await scene({ a: { tags: { v1: 'app-1' } }, b: { tags: { v1: 'app-1' } } });
  const shared = ['--shared-blob-dir', 'blobs'];
  const done = await here.run(...shared, 'S/a', 'S/b', 'oci:out/');
  expect(done.code, done.stderr).toBe(0);
  const names = await readdir(here.folder.path, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile() && /^[0-9a-f]{64}$/u.test(one.name));
  expect(new Set(files.map((one) => one.parentPath))).toEqual(
    new Set([here.folder.join('blobs', 'sha256')]),
  );
  const back = await here.run(...shared, 'oci:out/b', 'T/back');
  expect(back.code, back.stderr).toBe(0);
  expect(await tagsOf(here.target, 'back')).toEqual(['v1']);
});

test('--min-tags fails a repository with fewer tags, before anything is deleted there', async () => {
  await using here = await scene(
    { few: { tags: numbered(2) }, many: { tags: numbered(4) } },
    { 'm/few': { tags: { gone: 'app-9' } } },
  );
  const args = ['--min-tags', '3', '--delete=all', 'S/', 'T/m/'];
  const done = await here.run(...args);
  expect(done.code).toBe(3);
  expect(done.stdout).toMatch(/^failed .*2 of its tags match, fewer than 3/mu);
  expect(await tagsOf(here.target, 'm/few')).toEqual(['gone']);
  expect(await tagsOf(here.target, 'm/many')).toHaveLength(4);
});

test('--delete-exclude keeps tags that the source never had', async () => {
  await using here = await scene(
    { app: { tags: { a: 'app-1' } } },
    { app: { tags: { 'hand-made': 'app-2', 'v1-local': 'app-3', gone: 'app-4' } } },
  );
  const patterns = ['--delete-exclude', 'hand-*', '--delete-exclude', '/-local$/'];
  const done = await here.run('--delete=all', ...patterns, 'S/app', 'T/app');
  expect(done.code, done.stderr).toBe(0);
  expect(await tagsOf(here.target, 'app')).toEqual(['a', 'hand-made', 'v1-local']);
});

test('--media-type leaves other manifests out', async () => {
  await using here = await scene({ app: { tags: numbered(2) } });
  const type = 'application/vnd.oci.image.index.v1+json';
  const done = await here.run('--media-type', type, 'S/app', 'T/app');
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('is of type')]);
  expect(await tagsOf(here.target, 'app')).toEqual([]);
});

test('--deep brings back a blob that the target lost', async () => {
  await using here = await scene({});
  const image = await makeImage({ layers: 1 });
  await pushImage(here.source.server.url.origin, 'app', ['v1'], image);
  expect((await here.run('S/app', 'T/app')).code).toBe(0);
  const [layer] = [...image.nodes.values()].filter(({ descriptor }) =>
    descriptor.mediaType.includes('layer'),
  );
  const digest = layer?.descriptor.digest as never;
  await here.target.storage.blobs.remove('app' as never, digest);
  expect((await here.run('S/app', 'T/app')).code).toBe(0);
  expect(await here.target.storage.blobs.size('app' as never, digest)).toBeUndefined();
  const deep = await here.run('--deep', 'S/app', 'T/app');
  expect(deep.code, deep.stderr).toBe(0);
  expect(await here.target.storage.blobs.size('app' as never, digest)).toBeDefined();
});

test('--report writes what -o json prints, whatever is printed', async () => {
  await using here = await scene({ app: { tags: numbered(2) } });
  const done = await here.run('--report', 'report.json', 'S/app', 'T/app');
  expect(done.code, done.stderr).toBe(0);
  const report = JSON.parse(await readFile(here.folder.join('report.json'), 'utf8')) as {
    Images: readonly { Outcome: string }[];
    Totals: { Copied: number };
  };
  expect(report.Images.map(({ Outcome }) => Outcome)).toEqual(['copied', 'copied']);
  expect(report.Totals.Copied).toBe(2);
});

describe('sync status', () => {
  test('says how the last run of each job ended, and asks no registry', async () => {
    await using here = await scene({ app: { tags: numbered(2) } });
    const [from, to] = [here.source.server.host, here.target.server.host];
    const job = (name: string, repository: string): string =>
      `- {name: ${name}, source: ${from}/${repository}, target: ${to}/${repository}, type: repository, schedule: 0 0 1 1 *}\n`;
    await writeFile(
      here.folder.join('sync.yml'),
      `defaults: {state: state.json}\nsync:\n${job('good', 'app')}${job('bad', 'absent')}`,
    );
    const before = await here.run('status', 'sync.yml', '--check');
    expect([before.code, before.stdout]).toEqual([3, expect.stringMatching(/good\s+never/u)]);
    expect((await here.run('--file', 'sync.yml')).code).toBe(2);
    const done = await here.run('status', 'sync.yml', '-o', 'json');
    expect(done.code, done.stderr).toBe(0);
    expect([...here.source.requests, ...here.target.requests]).toEqual([]);
    const { Jobs } = JSON.parse(done.stdout) as { Jobs: readonly object[] };
    expect(Jobs).toMatchObject([
      { Name: 'good', Copied: 2, Failed: 0, NextRun: expect.stringContaining('-01-01T') },
      { Name: 'bad', Copied: 0, Failed: 1, LastSuccess: null },
    ]);
    expect((await here.run('status', 'sync.yml', '--check')).code).toBe(3);
    expect((await here.run('--file', 'sync.yml', '--only', 'good')).code).toBe(0);
    const good = await here.run('status', 'sync.yml', '--check', '--only', 'good');
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining('2 unchanged')]);
  });

  test('without a file, or without a state, is wrong usage', async () => {
    await using here = await scene({});
    expect((await here.run('status')).code).toBe(64);
    await writeFile(
      here.folder.join('sync.yml'),
      'sync:\n- {source: r.example/a, target: t.example/b, type: image}\n',
    );
    expect((await here.run('status', 'sync.yml', '--state', 'none')).code).toBe(64);
  });
});

test('--jitter starts a run later than its time, and the next time counts from there', async () => {
  const stop = new AbortController();
  let time = Date.UTC(2026, 0, 1);
  const started: string[] = [];
  await keepTimetable(
    new Map([[{ name: 'a' } as SyncJob, await parseSchedule('@hourly', 'UTC')]]),
    {
      now: () => new Date(time),
      jitter: () => 5 * 60_000,
      async sleep(ms) {
        time += Math.min(ms, 60_000);
      },
      signal: stop.signal,
      async run() {
        started.push(new Date(time).toISOString().slice(11, 16));
        if (started.length === 3) stop.abort();
      },
    },
  );
  expect(started).toEqual(['01:05', '02:05', '03:05']);
});

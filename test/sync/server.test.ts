import { request } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { SyncMetrics } from '../../src/sync/metrics.ts';
import { keepTimetable } from '../../src/sync/timetable.ts';
import type { SyncJob } from '../../src/sync/types.ts';
import { parseSchedule } from '../../src/sync/schedule.ts';
import { until } from '../helpers/until.ts';
import { seed } from './recorded-registry.ts';
import { scene, tagsOf, type Scene } from './scene.ts';

function get(url: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request(url, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });
}

async function writeJobs(here: Scene, schedule: string): Promise<void> {
  const [from, to] = [here.source.server.host, here.target.server.host];
  await writeFile(
    here.folder.join('sync.yml'),
    `sync:\n- {name: nightly, source: ${from}/app, target: ${to}/app, type: repository, ${schedule}}\n`,
  );
}

const images = { app: { tags: { a: 'app-1', b: 'app-2' } } };

test('a server copies what is missing, then by its schedule, and tells of it', async () => {
  await using here = await scene(images);
  await writeJobs(here, 'interval: 1s');
  let stop: (signal: NodeJS.Signals) => void = () => undefined;
  let told = (): string => '';
  const running = here.runWith(
    {
      onStart: (kill, stderrSoFar) => {
        [stop, told] = [kill, stderrSoFar];
      },
    },
    'server',
    'sync.yml',
  );
  await until(async () => (await tagsOf(here.target, 'app')).length === 2);
  await seed(here.source.storage, { app: { tags: { c: 'app-3' } } });
  await until(async () => (await tagsOf(here.target, 'app')).length === 3);
  const base = /health and metrics: (\S+)metrics/u.exec(told())?.[1] ?? '';
  expect(await get(`${base}healthz`)).toEqual({ status: 200, text: 'ok\n' });
  expect((await get(`${base}readyz`)).status).toBe(200);
  expect((await get(`${base}other`)).status).toBe(404);
  await until(async () =>
    (await get(`${base}metrics`)).text.includes(
      'regctl_sync_images_total{job="nightly",outcome="copied"} 3',
    ),
  );
  // A file that cannot be read leaves the old one in use; a good one replaces it.
  await writeFile(here.folder.join('sync.yml'), 'sync: 7\n');
  stop('SIGHUP');
  await until(() => told().includes('stays in use'));
  await writeJobs(here, 'schedule: 0 0 1 1 *');
  stop('SIGHUP');
  await until(() => /the file was read again[^]*nightly: next run \d{4}-/u.test(told()));
  stop('SIGTERM');
  const done = await running;
  expect(done.code, done.stderr).toBe(0);
  expect(done.stdout.match(/^copied/gmu)).toHaveLength(3);
  await expect(get(`${base}healthz`)).rejects.toThrow('ECONNREFUSED');
});

test('a file without a schedule is refused, and a wrong one is named by its line', async () => {
  await using here = await scene(images);
  await writeJobs(here, 'missing: false');
  const refused = await here.run('server', 'sync.yml');
  expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('schedule')]);
  await writeJobs(here, 'schedule: 61 * * * *');
  const wrong = await here.run('server', 'sync.yml');
  expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining('line 2')]);
  expect(here.source.requests).toEqual([]);
});

describe('a timetable', () => {
  const job = { name: 'a' } as SyncJob;

  test('leaves out the times at which the job still ran', async () => {
    const stop = new AbortController();
    let time = Date.UTC(2026, 0, 1);
    const started: string[] = [];
    await keepTimetable(new Map([[job, await parseSchedule('*/10 * * * *', 'UTC')]]), {
      now: () => new Date(time),
      async sleep(ms) {
        time += Math.min(ms, 60_000);
      },
      signal: stop.signal,
      async run() {
        started.push(new Date(time).toISOString().slice(11, 16));
        // The second run takes 25 minutes.
        time += started.length === 2 ? 25 * 60_000 : 1000;
        if (started.length === 4) stop.abort();
      },
    });
    expect(started).toEqual(['00:10', '00:20', '00:50', '01:00']);
  });

  test('ends when its schedule has no further time', async () => {
    const ran: SyncJob[] = [];
    await keepTimetable(new Map([[job, { next: () => undefined }]]), {
      now: () => new Date(0),
      sleep: () => Promise.reject(new Error('there is nothing to wait for')),
      signal: new AbortController().signal,
      run: async (one) => void ran.push(one),
    });
    expect(ran).toEqual([]);
  });
});

test('labels of metrics are escaped', () => {
  const metrics = new SyncMetrics();
  metrics.begin('a "b"\\\n');
  metrics.end('a "b"\\\n', [], false, 5000);
  const text = metrics.format();
  expect(text).toContain('regctl_sync_failed_runs_total{job="a \\"b\\"\\\\\\n"} 1\n');
  expect(text).toContain('regctl_sync_last_run_timestamp_seconds{job="a \\"b\\"\\\\\\n"} 5\n');
  expect(text).not.toContain('last_success_timestamp_seconds{');
});

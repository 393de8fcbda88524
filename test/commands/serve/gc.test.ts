import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/commands/serve/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { RepositoryName } from '../../../src/server/names.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { claimDirectory } from '../../../src/server/storage/claim.ts';
import { createDiskStorage } from '../../../src/server/storage/disk.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';
import { tempDir } from '../../helpers/temp.ts';
import { fakeContext, input, textOf } from '../fake-context.ts';
import { serving } from './serving.ts';
import { eventually } from '../../helpers/until.ts';

const name = 'team/app' as RepositoryName;
const data = Buffer.from('some layer');
const HOUR = 3_600_000;
const later = (hours: number) => () => new Date(Date.now() + hours * HOUR);

async function registryWithGarbage(directory: string): Promise<void> {
  const { uploads } = createDiskStorage(directory);
  const id = await uploads.create(name);
  await uploads.append(name, id, bytesOf(data));
  await uploads.finish(name, id, digestOf(data));
  await uploads.create(name);
  await (await claimDirectory(directory)).release();
}

describe('serve gc', () => {
  it('shows, then removes what is older than --gc-grace, and uploads older than --upload-ttl', async () => {
    await using dir = await tempDir();
    await registryWithGarbage(dir.join('registry'));
    const collect = (hours: number, options = {}) =>
      run(
        fakeContext({
          cwd: dir.path,
          now: later(hours),
          temporaries: async () => plainTemporaries(),
        }),
        input(['gc'], { dir: 'registry', ...options }),
        {},
      );
    expect(textOf(await collect(0))).toBe(
      'removed 0 blobs (0 B), 0 manifests, 0 uploads; kept 1 blob, 0 manifests; 1 of no use, but too young\n',
    );
    const planned = await collect(30, { dryRun: true });
    expect(textOf(planned)).toBe(
      'would remove 1 blob (10 B), 0 manifests, 1 upload; kept 0 blobs, 0 manifests\n',
    );
    expect(await readdir(dir.join('registry', 'blobs', 'sha256'))).toHaveLength(1);
    const done = await collect(30);
    expect(done).toMatchObject({
      json: {
        DryRun: false,
        Blobs: { Kept: 0, Removed: 1, Bytes: 10 },
        Uploads: { Removed: 1 },
        Young: 0,
        Unreadable: [],
      },
    });
    expect(await readdir(dir.join('registry', 'blobs', 'sha256'))).toEqual([]);
    expect(await readdir(dir.join('registry'))).not.toContain('regctl-registry.lock');
  });

  it('refuses a directory that a server uses, that is none, or that is not named', async () => {
    await using dir = await tempDir();
    await registryWithGarbage(dir.join('registry'));
    const context = fakeContext({ cwd: dir.path, temporaries: async () => plainTemporaries() });
    const collect = (options: object) => run(context, input(['gc'], { ...options }), {});
    const lock = await claimDirectory(dir.join('registry'), { beatMs: 20 });
    await expect(collect({ dir: 'registry' })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('another regctl serve uses it'),
      hint: expect.stringContaining('SIGUSR1'),
    });
    await lock.release();
    await expect(collect({ dir: '.' })).rejects.toMatchObject({ code: 'PATH_UNKNOWN' });
    expect(await readdir(dir.path)).toEqual(['registry']);
    await expect(collect({})).rejects.toMatchObject({ code: 'USAGE' });
    await expect(collect({ dir: 'registry', gcGrace: 'soon' })).rejects.toMatchObject({
      code: 'USAGE',
      message: '--gc-grace: "soon" is not a length of time',
    });
  });

  it('runs in the serving process at SIGUSR1', async () => {
    let collect = (): void => undefined;
    const onSignal: Context['onSignal'] = (signal, listener) => {
      if (signal === 'SIGUSR1') collect = listener;
      return () => undefined;
    };
    await using dir = await tempDir();
    await registryWithGarbage(dir.join('registry'));
    const more = { cwd: dir.path, onSignal, now: later(2) };
    await serving({ dir: 'registry' }, more, async (base, context) => {
      const url = `${base}/v2/${name}/blobs/${digestOf(data)}`;
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
      collect();
      await eventually(() => expect(context.notes.join('\n')).toContain('gc: removed 1 blob'));
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(404);
    });
  });

  it('runs in the serving process every --gc-interval', async () => {
    await using dir = await tempDir();
    await registryWithGarbage(dir.join('registry'));
    const more = { cwd: dir.path, now: later(2) };
    await serving({ dir: 'registry', gcInterval: '1s' }, more, async (base, context) => {
      await expect.poll(() => context.notes.join('\n')).toContain('gc: removed 1 blob');
      const url = `${base}/v2/${name}/blobs/${digestOf(data)}`;
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(404);
      const runs = (): number => context.notes.filter((note) => note.startsWith('gc: ')).length;
      await expect.poll(runs).toBeGreaterThan(1);
    });
  });

  it('needs a minute of grace while it serves', async () => {
    await expect(serving({ gcGrace: '1s' }, {}, async () => {})).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

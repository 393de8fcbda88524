import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createUploadJournal } from '../../../src/registry/journal/journal.ts';
import type { JournaledBlob } from '../../../src/registry/journal/types.ts';
import type { ProcessNames } from '../../../src/util/temporaries.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';

const BLOB: JournaledBlob = {
  registry: 'https://reg.example/v2/',
  repository: 'a/b',
  digest: `sha256:${'f'.repeat(64)}`,
  size: 1000,
};
const SESSION = { url: 'https://reg.example/v2/a/b/blobs/uploads/1?_state=x', minChunk: undefined };
const HOUR = 3_600_000;
const uid = process.geteuid?.();

interface Run {
  readonly journal: ReturnType<typeof createUploadJournal>;
  readonly traced: string[];
}

/** A process of that name, in a world where `alive` run and of the others on "far-" nobody knows. */
function run(
  dir: TempDir,
  self: string,
  options: { alive?: readonly string[]; now?: number; uid?: number | undefined } = {},
): Run {
  const traced: string[] = [];
  const processes: ProcessNames = {
    self,
    isRunning: async (name) =>
      name.startsWith('far-') ? undefined : (options.alive ?? []).includes(name),
  };
  const journal = createUploadJournal({
    folder: dir.join('regctl'),
    uid: 'uid' in options ? options.uid : uid,
    now: () => options.now ?? Date.now(),
    processes,
    trace: (line) => void traced.push(line),
  });
  return { journal, traced };
}

const files = (dir: TempDir): Promise<string[]> => readdir(dir.join('regctl')).catch(() => []);

/** What a process leaves that dies in mid-upload. */
async function died(dir: TempDir, own = 'dead-1', blob = BLOB): Promise<string> {
  const before = new Set(await files(dir));
  const entry = run(dir, own).journal.add(blob, SESSION);
  await entry.handOver();
  return (await files(dir)).find((name) => !before.has(name)) ?? '';
}

describe('the journal of uploads', () => {
  it('gives what a dead process left to one other, and to that alone', async () => {
    await using dir = await tempDir();
    await died(dir);
    const found = await run(dir, 'new-1').journal.find(BLOB);
    expect(found?.session).toEqual(SESSION);
    expect(await run(dir, 'new-2', { alive: ['new-1'] }).journal.find(BLOB)).toBeUndefined();
    await found?.entry.done();
    expect(await files(dir)).toEqual([]);
  });

  it('forgets the uploads that are meant, of whatever process, and no others', async () => {
    await using dir = await tempDir();
    const other = { ...BLOB, repository: 'c/d' };
    const [mine, , elsewhere] = [
      await died(dir),
      await died(dir, 'alive-1'),
      await died(dir, 'dead-1', other),
    ];
    const damaged = mine.replace('dead-1', 'dead-2');
    await writeFile(dir.join('regctl', damaged), '{', { mode: 0o600 });
    await writeFile(dir.join('regctl', 'notes.txt'), 'not ours');
    const { journal } = run(dir, 'new-1', { alive: ['alive-1'] });
    await journal.forget(({ registry, repository }) => {
      expect(registry).toBe(BLOB.registry);
      return repository === BLOB.repository;
    });
    expect((await files(dir)).toSorted()).toEqual([damaged, elsewhere, 'notes.txt'].toSorted());
    await using empty = await tempDir();
    await run(empty, 'new-1').journal.forget(() => true);
    expect(await files(empty)).toEqual([]);
  });

  it('gives it to exactly one of many that come at once', async () => {
    await using dir = await tempDir();
    await died(dir);
    const names = Array.from({ length: 20 }, (_item, index) => `new-${index}`);
    const found = await Promise.all(
      names.map((name) => run(dir, name, { alive: names }).journal.find(BLOB)),
    );
    expect(found.filter((one) => one !== undefined)).toHaveLength(1);
    expect(await files(dir)).toHaveLength(1);
  });

  it('gives it to one of many in the same process', async () => {
    await using dir = await tempDir();
    await died(dir);
    const { journal } = run(dir, 'new-1');
    const found = await Promise.all(Array.from({ length: 10 }, () => journal.find(BLOB)));
    expect(found.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('takes over from one that had taken over and died', async () => {
    await using dir = await tempDir();
    await died(dir);
    await run(dir, 'new-1').journal.find(BLOB);
    expect(await run(dir, 'new-2').journal.find(BLOB)).toBeDefined();
  });

  it('leaves what is on another machine, unless it has been silent for long', async () => {
    await using dir = await tempDir();
    const name = await died(dir, 'far-1');
    expect(await run(dir, 'new-1').journal.find(BLOB)).toBeUndefined();
    const old = new Date(Date.now() - 6 * 60_000);
    await utimes(dir.join('regctl', name), old, old);
    expect(await run(dir, 'new-1').journal.find(BLOB)).toBeDefined();
  });

  it('follows a session that moves', async () => {
    await using dir = await tempDir();
    const entry = run(dir, 'dead-1').journal.add(BLOB, SESSION);
    entry.moved({ url: 'https://reg.example/up/2' });
    entry.moved({ url: 'https://reg.example/up/3', minChunk: 5 });
    await entry.handOver();
    expect((await run(dir, 'new-1').journal.find(BLOB))?.session).toEqual({
      url: 'https://reg.example/up/3',
      minChunk: 5,
    });
  });

  it.each<[string, Partial<JournaledBlob>]>([
    ['registry', { registry: 'http://reg.example/v2/' }],
    ['repository', { repository: 'a/c' }],
    ['content', { digest: `sha256:${'e'.repeat(64)}` }],
    ['size', { size: 999 }],
  ])('has nothing for another %s', async (_name, other) => {
    await using dir = await tempDir();
    await died(dir);
    expect(await run(dir, 'new-1').journal.find({ ...BLOB, ...other })).toBeUndefined();
  });

  it('is private', async () => {
    await using dir = await tempDir();
    const name = await died(dir);
    expect((await stat(dir.join('regctl'))).mode & 0o777).toBe(0o700);
    expect((await stat(dir.join('regctl', name))).mode & 0o777).toBe(0o600);
  });

  it('forgets after a day, and believes nothing from the future', async () => {
    await using dir = await tempDir();
    await died(dir);
    const now = Date.now();
    expect(await run(dir, 'n-1', { now: now + 24 * HOUR }).journal.find(BLOB)).toBeUndefined();
    await died(dir);
    expect(await run(dir, 'n-1', { now: now - HOUR }).journal.find(BLOB)).toBeUndefined();
    expect(await files(dir)).toEqual([]);
  });

  it('is bounded, sweeps what is old, and touches nothing else', async () => {
    await using dir = await tempDir();
    const name = await died(dir);
    const at = (file: string): string => dir.join('regctl', file);
    const text = await readFile(at(name));
    for (let index = 0; index < 250; index += 1) {
      await writeFile(
        at(name.replace(/[0-9a-f]{16}\.json$/u, `${index}`.padStart(16, '0') + '.json')),
        text,
        { mode: 0o600 },
      );
    }
    const ages = {
      [`.${'a'.repeat(16)}.tmp`]: 2 * HOUR,
      [`.${'b'.repeat(16)}.tmp`]: 0,
      mine: 99 * HOUR,
    };
    for (const [file, age] of Object.entries(ages)) {
      await writeFile(at(file), '');
      await utimes(at(file), new Date(), new Date(Date.now() - age));
    }
    const entry = run(dir, 'new-1').journal.add({ ...BLOB, repository: 'other' }, SESSION);
    await entry.handOver();
    const left = await files(dir);
    expect(left.filter((file) => file.startsWith('upload-'))).toHaveLength(200);
    expect(left.filter((file) => !file.startsWith('upload-')).sort()).toEqual([
      `.${'b'.repeat(16)}.tmp`,
      'mine',
    ]);
  });

  const record = (change: object): string =>
    JSON.stringify({ version: 1, ...BLOB, url: SESSION.url, openedAt: Date.now(), ...change });
  it.each([
    '',
    '{',
    'null',
    '[]',
    '['.repeat(10_000),
    record({ version: 2 }),
    record({ url: 'file:///etc/passwd' }),
    record({ url: 'javascript:x' }),
    record({ url: '/relative' }),
    record({ url: `https://reg.example/${'x'.repeat(9000)}` }),
    record({ url: 7 }),
    record({ repository: 'c/d' }),
    record({ minChunk: -1 }),
    record({ minChunk: '5' }),
    record({ openedAt: 'now' }),
    record({ __proto__: { url: 'x' }, openedAt: null }),
    record({ padding: 'x'.repeat(20_000) }),
  ])('has nothing for a damaged file, which goes (%#)', async (text) => {
    await using dir = await tempDir();
    const name = await died(dir);
    await writeFile(dir.join('regctl', name), text);
    const { journal, traced } = run(dir, 'new-1');
    expect(await journal.find(BLOB)).toBeUndefined();
    expect(await files(dir)).toEqual([]);
    expect(traced).toEqual([]);
  });

  it('does not read through a link, or a file that others may read', async () => {
    await using dir = await tempDir();
    const name = await died(dir);
    await rename(dir.join('regctl', name), dir.join('elsewhere'));
    await symlink('../elsewhere', dir.join('regctl', name));
    expect(await run(dir, 'new-1').journal.find(BLOB)).toBeUndefined();
    expect((await stat(dir.join('elsewhere'))).isFile()).toBe(true);
    await chmod(dir.join('regctl', await died(dir)), 0o644);
    expect(await run(dir, 'new-1').journal.find(BLOB)).toBeUndefined();
  });
});

describe('without a usable folder there is nothing to go on with', () => {
  const cases: readonly [string, (dir: TempDir) => Promise<unknown>, string][] = [
    ['a file in its place', (dir) => writeFile(dir.join('regctl'), 'mine'), 'it exists already'],
    [
      'one that is open to others',
      (dir) => mkdir(dir.join('regctl')).then(() => chmod(dir.join('regctl'), 0o755)),
      'is open to other users',
    ],
    [
      'a link',
      (dir) =>
        mkdir(dir.join('else'), { mode: 0o700 }).then(() => symlink('else', dir.join('regctl'))),
      'is a symbolic link',
    ],
    ['a link to nothing', (dir) => symlink('nowhere', dir.join('regctl')), 'it exists already'],
  ];
  it.each(cases)('%s', async (_name, prepare, why) => {
    await using dir = await tempDir();
    await prepare(dir);
    const { journal, traced } = run(dir, 'new-1');
    expect(await journal.find(BLOB)).toBeUndefined();
    const entry = journal.add(BLOB, SESSION);
    entry.moved({ url: 'https://reg.example/canary' });
    await entry.done();
    const again = journal.add(BLOB, SESSION);
    await again.handOver();
    expect(await readdir(dir.join('else')).catch(() => [])).toEqual([]);
    expect(traced).toEqual([expect.stringContaining(why)]);
    expect(traced[0]).not.toContain('canary');
  });

  it('somebody else’s', async () => {
    await using dir = await tempDir();
    await died(dir);
    const { journal } = run(dir, 'new-1', { uid: (uid ?? 0) + 1 });
    expect(await journal.find(BLOB)).toBeUndefined();
    expect(await files(dir)).toHaveLength(1);
    await rm(dir.join('regctl'), { recursive: true });
  });
});

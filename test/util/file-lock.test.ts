import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { withFileLock } from '../../src/util/file-lock.ts';
import { createTemporaries, type Temporaries } from '../../src/util/temporaries.ts';
import { tempDir } from '../helpers/temp.ts';

/** Where `live-…` run, `far-…` cannot be seen and all others are gone. */
function of(self: string): Temporaries {
  const isRunning = async (name: string): Promise<boolean | undefined> =>
    name.startsWith('far-') ? undefined : name.startsWith('live-');
  return createTemporaries({ processes: { self, isRunning }, now: () => 0 });
}

describe('a lock file', () => {
  it('of a run that works is waited for, however long it takes', async () => {
    await using dir = await tempDir();
    const lock = dir.join('lock');
    await writeFile(lock, of('live-1').holder());
    const polls: string[] = [];
    const waits: string[] = [];
    const temporaries: Temporaries = {
      ...of('new-1'),
      beginWait: (what) => {
        waits.push(what);
        return () => void waits.push('over');
      },
      isRunning: async (holder) => {
        polls.push(holder);
        if (polls.length === 4) await rm(lock);
        return true;
      },
    };
    // Its patience with one that cannot be seen ends at once.
    await withFileLock(lock, async () => expect(polls).toHaveLength(4), {
      staleMs: 1,
      temporaries,
    });
    expect(waits).toEqual([`another run that holds the lock ${lock}`, 'over']);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each([
    ['killed', of('dead-1').holder(), 3_600_000],
    ['that cannot be seen', of('far-1').holder(), 1],
  ])('of a run %s is taken over', async (_what, holder, staleMs) => {
    await using dir = await tempDir();
    await writeFile(dir.join('lock'), holder);
    const task = async (): Promise<string> => 'done';
    const options = { staleMs, temporaries: of('new-1') };
    expect(await withFileLock(dir.join('lock'), task, options)).toBe('done');
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each([
    ['a link to a device without end', (path: string) => symlink('/dev/zero', path)],
    ['a pipe', async (path: string) => void execFileSync('mkfifo', [path])],
    ['a file of another program', (path: string) => writeFile(path, 'x'.repeat(100_000))],
  ])('that is %s is an error at once, and stays', async (_what, make) => {
    await using dir = await tempDir();
    await make(dir.join('lock'));
    const locked = withFileLock(dir.join('lock'), async () => 'done');
    await expect(locked).rejects.toThrow(/not a regular file|larger than/u);
    expect(await readdir(dir.path)).toEqual(['lock']);
  });

  it('that was taken from a run is not removed by it', async () => {
    await using dir = await tempDir();
    const lock = dir.join('lock');
    await withFileLock(lock, () => writeFile(lock, 'another'));
    expect(await readFile(lock, 'utf8')).toBe('another');
  });
});

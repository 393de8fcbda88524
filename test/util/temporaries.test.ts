import { mkdir, mkdtemp, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  createTemporaries,
  plainTemporaries,
  type Temporaries,
} from '../../src/util/temporaries.ts';
import { tempDir } from '../helpers/temp.ts';

const HOUR = 3_600_000;
const uid = process.geteuid?.();

/** Of the process `self`, where `live-…` run, `far-…` cannot be seen and all others are gone. */
function of(self: string, options: { uid?: number | undefined } = {}): Temporaries {
  const isRunning = async (name: string): Promise<boolean | undefined> =>
    name.startsWith('far-') ? undefined : name.startsWith('live-');
  return createTemporaries({
    processes: { self, isRunning },
    uid,
    now: () => Date.now(),
    ...options,
  });
}

describe('temporary files', () => {
  it('of killed processes are swept, and nothing else', async () => {
    await using dir = await tempDir();
    const dead = of('dead-1').name();
    const kept = [
      of('live-1').name(),
      of('far-1').name(),
      of('new-1').name(),
      '.0123456789abcdef.tmp',
      'index.json',
      'regctl-backup-abcdef',
      `${dead}.bak`,
    ];
    for (const name of [dead, ...kept]) await writeFile(dir.join(name), '');
    await of('new-1').sweep(dir.path);
    expect((await readdir(dir.path)).sort()).toEqual(kept.toSorted());
    const old = new Date(Date.now() - 25 * HOUR);
    for (const name of kept) await utimes(dir.join(name), old, old);
    await of('new-1').sweep(dir.path);
    expect(await readdir(dir.path)).toHaveLength(kept.length - 1);
  });

  it('stand in folders too; a link is removed and not followed', async () => {
    await using dir = await tempDir();
    const left = await mkdtemp(dir.join(of('dead-1').prefix));
    await writeFile(`${left}/1`, 'a layer');
    const mine = await mkdtemp(dir.join(of('live-1').prefix));
    await mkdir(dir.join('precious'));
    await writeFile(dir.join('precious/file'), '');
    await symlink('precious', dir.join(of('dead-2').name()));
    await of('new-1').sweep(dir.path);
    expect(await readdir(dir.path)).toEqual(expect.arrayContaining(['precious']));
    expect(await readdir(dir.path)).toHaveLength(2);
    expect(await readdir(dir.join('precious'))).toEqual(['file']);
    expect(await readdir(mine)).toEqual([]);
  });

  it('of somebody else, and of whoever has no name, are left alone', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join(of('dead-1').name()), '');
    await writeFile(dir.join(plainTemporaries().name()), '');
    await of('new-1', { uid: (uid ?? 0) + 1 }).sweep(dir.path);
    await plainTemporaries().sweep(dir.path);
    await of('new-1').sweep(dir.join('nowhere'));
    expect(await readdir(dir.path)).toHaveLength(2);
  });

  it('tells holders of locks that are gone', async () => {
    expect(await of('new-1').isRunning(of('dead-1').holder())).toBe(false);
    for (const holder of [of('live-1').holder(), of('new-1').holder()])
      expect(await of('new-1').isRunning(holder), holder).toBe(true);
    for (const holder of [of('far-1').holder(), '', 'x'])
      expect(await of('new-1').isRunning(holder), holder).toBeUndefined();
    expect(await plainTemporaries().isRunning(of('dead-1').holder())).toBeUndefined();
  });
});

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPrograms, run } from '../helpers/commands.ts';
import { makeImage, writeLayout, type TestImage } from '../helpers/images.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { newMachine, type Machine } from './regctl.ts';

const KILLS = Number(process.env['KILLS'] ?? 10);

interface Kind {
  readonly scheme: string;
  /** What has to be there for the image to be visible. */
  readonly shown: (place: string) => string;
  readonly name: string;
  readonly isFolder: boolean;
}

const KINDS: readonly Kind[] = [
  { scheme: 'oci', shown: (place) => `${place}/index.json`, name: ':v1', isFolder: true },
  { scheme: 'dir', shown: (place) => `${place}/manifest.json`, name: '', isFolder: true },
  { scheme: 'oci-archive', shown: (place) => place, name: ':v1', isFolder: false },
  { scheme: 'docker-archive', shown: (place) => place, name: ':app:v1', isFolder: false },
];

describe.skipIf(missingPrograms('skopeo') !== undefined)('a writer that is killed', () => {
  let layouts: TempDir;
  let image: TestImage;
  let source: string;

  beforeAll(async () => {
    layouts = await tempDir();
    image = await makeImage({ layers: 3, layerSize: 6 << 20 });
    await writeLayout(layouts.join('app'), { v1: image });
    source = `oci:${layouts.join('app')}:v1`;
  });
  afterAll(() => layouts[Symbol.asyncDispose]());

  const skopeo = async (machine: Machine, name: string): Promise<void> => {
    const out = `dir:${machine.dir.join('seen')}`;
    const args = ['--insecure-policy', 'copy', '--preserve-digests', name, out];
    const options = name.startsWith('docker-archive')
      ? args.filter((arg) => !arg.startsWith('--p'))
      : args;
    const done = await run('skopeo', options, { env: machine.env });
    expect(done.code, `${name}: ${done.stderr}`).toBe(0);
  };
  const files = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true }).catch(() => [])).map((name) => basename(name));

  for (const { scheme, shown, name, isFolder } of KINDS) {
    it(`${scheme}: shows the whole image or none, and what is left is swept`, async () => {
      await using machine = await newMachine();
      const place = machine.dir.join('places', 'out');
      const target = `${scheme}:${place}${name}`;
      const args = ['copy', source, target];
      const folder = isFolder ? place : dirname(place);
      const leftIn = async (): Promise<string[]> =>
        (await files(folder)).filter((file) => /\.tmp$|\.lock/u.test(file));
      /** Once something is being written: at once, or at any time while it is. */
      const killInMidWrite = async (kill: () => void, round: number): Promise<void> => {
        const before = new Set(await leftIn());
        const begun = async (): Promise<boolean> =>
          (await leftIn()).some((file) => !before.has(file));
        for (let tries = 0; tries < 2000 && !(await begun()); tries += 1) await delay(1);
        if (round % 2 === 1) await delay(Math.random() * 120);
        kill();
      };
      let torn = 0;
      for (let round = 0; round < KILLS; round += 1) {
        const done = await machine.regctl(args, {
          onStart: (kill) => void killInMidWrite(() => kill('SIGKILL'), round),
        });
        if (done.signal === null) expect(done.code, done.stderr).toBe(0);
        if ((await leftIn()).length > 0) torn += 1;
        if (!existsSync(shown(place))) continue;
        await skopeo(machine, target);
        await rm(shown(place));
      }
      expect(torn).toBeGreaterThan(0);
      await machine.expect(0, args);
      await skopeo(machine, target);
      expect(await leftIn()).toEqual([]);
    });
  }

  it('does not sweep what a live one is writing', async () => {
    await using machine = await newMachine();
    const place = machine.dir.join('both');
    const copies = await Promise.all(
      Array.from({ length: 4 }, (_item, index) =>
        machine.regctl(['copy', source, `oci:${place}:t${index}`]),
      ),
    );
    expect(copies.map(({ code }) => code)).toEqual(copies.map(() => 0));
    expect(copies.map(({ stderr }) => stderr).join('')).not.toMatch(/error|warning/u);
    for (let index = 0; index < 4; index += 1) await skopeo(machine, `oci:${place}:t${index}`);
  });
});

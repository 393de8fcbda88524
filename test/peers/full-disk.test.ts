import { expect, it } from 'vitest';
import { newMachine } from '../e2e/regctl.ts';
import { ENGINES, startRealEngine, STORAGES, storageOf } from '../helpers/engines.ts';
import { makeImage, writeLayout } from '../helpers/images.ts';
import { missingDisk, smallDisk } from '../helpers/small-disk.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

const MIB = 1024 * 1024;
const noDisk = await missingDisk();

/** Copies an image that is larger than the disk, and one that fits, and looks for both. */
async function fill(target: string, env: Readonly<Record<string, string>>) {
  await using machine = await newMachine();
  const from = machine.dir.join('from');
  await writeLayout(from, {
    large: await makeImage({ layers: 2, layerSize: 64 * MIB }),
    small: await makeImage({ layers: 1, layerSize: 1000 }),
  });
  const name = (tag: string): string => `${target}example.com/app:${tag}`;
  const refused = await machine.regctl(['copy', `oci:${from}:large`, name('large')], { env });
  const large = await machine.regctl(['digest', name('large')], { env });
  await machine.expect(0, ['copy', `oci:${from}:small`, name('small')], { env });
  const small = await machine.regctl(['digest', name('small')], { env });
  return { refused, codes: [refused.code, large.code, small.code] };
}

for (const program of ENGINES) {
  describeUnless(program.missing ?? noDisk, `the full disk of ${program.name}`, () => {
    it('is named, and no image stays', async () => {
      await using disk = (await smallDisk(96 * MIB))!;
      await using engine = await startRealEngine(program, disk);
      const { refused, codes } = await fill('docker-daemon:', { DOCKER_HOST: engine.address });
      expect(refused.stderr).toMatch(/no space left on device/iu);
      expect(codes).toEqual([1, 2, 0]);
    });
  });
}

for (const { name, missing } of STORAGES) {
  describeUnless(missing ?? noDisk, `the full disk of ${name}`, () => {
    it('is named, and no image stays', async () => {
      await using dir = await tempDir();
      await using disk = (await smallDisk(96 * MIB))!;
      const { env } = await storageOf(name, dir);
      const storage = `[vfs@${disk.join('root')}+${disk.join('run')}]`;
      const { refused, codes } = await fill(`containers-storage:${storage}`, env);
      expect(refused.stderr).toMatch(/no space left on device/iu);
      expect(codes).toEqual([1, 2, 0]);
    });
  });
}

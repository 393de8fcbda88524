import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPrograms, run } from '../helpers/commands.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage } from '../helpers/images.ts';
import { until } from '../helpers/until.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';

/** More by hand: KILLS=50. */
const KILLS = Number(process.env['KILLS'] ?? 6);

/** Of each of the three layers. */
const LAYER = 1 << 20;

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
  let registry: RegistryServer;
  let proxy: FaultProxy;
  /** An image of its own for each round: what an earlier one has left saves no download. */
  const source = (round: number): string => `${proxy.host}/app:v${round}`;

  beforeAll(async () => {
    registry = await startRegistryServer({ storage: createMemoryStorage() });
    for (let round = 0; round < KILLS; round += 1) {
      const image = await makeImage({ layers: 3, layerSize: LAYER });
      await pushImage(registry.url.origin, 'app', [`v${round}`], image);
    }
    proxy = await startFaultProxy({ port: Number(registry.url.port) });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry.close();
  });

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
      const folder = isFolder ? place : dirname(place);
      const leftIn = async (): Promise<string[]> =>
        (await files(folder)).filter((file) => /\.tmp$|\.lock/u.test(file));
      /** Every other time while what comes after some blobs stands still, else at any time. */
      const killInMidWrite = async (kill: () => void, round: number): Promise<void> => {
        const isStalled = round % 2 === 0;
        const whole = isStalled ? (round / 2) % 3 : Infinity;
        let asked = 0;
        proxy.bytes.down = 0;
        proxy.schedule = ({ path }) => {
          if (!path.includes('/blobs/')) return undefined;
          asked += 1;
          return asked > whole ? { kind: 'stall-down', after: LAYER / 2 } : undefined;
        };
        const begun = async (): Promise<boolean> => {
          const isUnderWay = proxy.bytes.down >= LAYER / 2;
          return isUnderWay && (!isStalled || (asked > whole && (await leftIn()).length > 0));
        };
        // A writer that has nothing on disk yet is killed all the same: any moment is right.
        await Promise.race([until(begun), delay(5000)]);
        if (!isStalled) await delay(round * 7);
        kill();
        proxy.drop();
        proxy.schedule = () => undefined;
      };
      let torn = 0;
      for (let round = 0; round < KILLS; round += 1) {
        const done = await machine.regctl(['copy', source(round), target], {
          onStart: (kill) => void killInMidWrite(() => kill('SIGKILL'), round),
        });
        if (done.signal === null) expect(done.code, done.stderr).toBe(0);
        if ((await leftIn()).length > 0) torn += 1;
        if (!existsSync(shown(place))) continue;
        await skopeo(machine, target);
        await rm(shown(place));
      }
      expect(torn).toBeGreaterThanOrEqual(KILLS / 2);
      await machine.expect(0, ['copy', source(0), target]);
      await skopeo(machine, target);
      expect(await leftIn()).toEqual([]);
    });
  }

  it('does not sweep what a live one is writing', async () => {
    await using machine = await newMachine('program');
    const place = machine.dir.join('both');
    const copies = await Promise.all(
      Array.from({ length: 4 }, (_item, index) =>
        machine.regctl(['copy', source(index), `oci:${place}:t${index}`]),
      ),
    );
    expect(copies.map(({ code }) => code)).toEqual(copies.map(() => 0));
    expect(copies.map(({ stderr }) => stderr).join('')).not.toMatch(/error|warning/u);
    for (let index = 0; index < 4; index += 1) await skopeo(machine, `oci:${place}:t${index}`);
  });
});

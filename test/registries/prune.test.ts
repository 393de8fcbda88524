import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../helpers/certificates.ts';
import { makeImage, makeIndex, type TestImage } from '../helpers/images.ts';
import { fill } from '../helpers/stand-ins/fill.ts';
import { STAND_INS } from '../helpers/stand-ins/table.ts';
import { hostsOf, startWorld, type World } from '../helpers/stand-ins/world.ts';

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates(...STAND_INS.flatMap(hostsOf));
});
afterAll(() => certificates[Symbol.asyncDispose]());

interface Pruned {
  readonly Delete: readonly { readonly Tag: string | null }[];
  readonly Skipped: readonly { readonly Tag: string; readonly Because: string }[];
}

describe.each(STAND_INS.map((standIn) => [standIn.id, standIn] as const))(
  'prune on %s',
  (_id, standIn) => {
    let world: World;
    let index: TestImage;
    let old: TestImage;
    let pair: TestImage;
    beforeAll(async () => {
      world = await startWorld(standIn, certificates);
      [index, old, pair] = await Promise.all([makeIndex({ layers: 1 }), makeImage(), makeImage()]);
      fill(world, index, ['keep']);
      fill(world, old, ['old']);
      fill(world, pair, ['pair-a', 'pair-b']);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const name = `${standIn.registry}/${standIn.repository}`;
    const { username, password } = standIn.login;
    const args = [
      'prune',
      '--creds',
      `${username}:${password}`,
      name,
      '--tag',
      'old',
      '--tag',
      'pair-a',
    ];
    const has = (ref: string): boolean =>
      world.engine.content.manifest(standIn.repository, ref) !== undefined;

    it('a plan deletes nothing', async () => {
      const plan = (await world.json(0, ...args)) as Pruned;
      expect(plan.Delete.map((one) => one.Tag ?? '').toSorted()).toEqual(['old', 'pair-a']);
      expect(world.lines.filter((line) => line.startsWith('DELETE'))).toEqual([]);
    });

    it('--yes deletes what the registry can, and nothing that is needed', async () => {
      const { manifest, tag } = standIn.remove;
      if (typeof manifest !== 'string') {
        const failed = await world.run([...args, '--yes']);
        expect(failed.status).toBe(1);
        expect(['old', 'pair-a', 'pair-b', 'keep'].map(has)).toEqual([true, true, true, true]);
        return;
      }
      const done = (await world.json(0, ...args, '--yes')) as Pruned;
      expect(has('old')).toBe(false);
      expect(has(old.root.digest)).toBe(false);
      expect(has('pair-a')).toBe(tag !== 'yes');
      const skipped = tag === 'yes' ? [] : [{ Tag: 'pair-a', Because: 'no-untag' }];
      expect(done.Skipped).toMatchObject(skipped);
      for (const ref of ['pair-b', pair.root.digest, 'keep', ...index.nodes.keys()]) {
        const node = index.nodes.get(ref as typeof pair.root.digest);
        const isBlob = node !== undefined && !/manifest|index/u.test(node.descriptor.mediaType);
        if (!isBlob) expect(has(ref), ref).toBe(true);
      }
    });
  },
);

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

it('Docker Hub refuses a manifest that has a tag: nothing is deleted, and the cause is named', async () => {
  const hub = STAND_INS.find(({ id }) => id === 'docker-hub');
  if (hub === undefined) throw new Error('there is no stand-in of Docker Hub');
  const remove = { ...hub.remove, manifest: 'unused' as const };
  await using world = await startWorld({ ...hub, remove }, certificates);
  const [old, kept] = [await makeImage(), await makeImage()];
  fill(world, old, ['old']);
  fill(world, kept, ['keep']);
  const { username, password } = hub.login;
  const login = ['--creds', `${username}:${password}`];
  const name = `${hub.registry}/${hub.repository}`;
  const done = await world.run(['prune', ...login, name, '--tag', 'old', '--yes']);
  expect(done.status).toBe(1);
  expect(done.stderr).toContain('a tag or an index still points at the manifest');
  expect(world.engine.content.tags(hub.repository)).toEqual(['keep', 'old']);
  // The first delete ends it.
  const deletes = world.lines.filter((line) => line.startsWith('DELETE'));
  expect(new Set(deletes).size).toBe(1);
});

describe('--explain', () => {
  const zot = STAND_INS.find(({ id }) => id === 'zot');
  it('shows each tag with all the rules that decided', async () => {
    if (zot === undefined) throw new Error('there is no stand-in of zot');
    await using world = await startWorld(zot, certificates);
    for (const tag of ['v1', 'v2', 'pr-1', 'latest']) fill(world, await makeImage(), [tag]);
    const { username, password } = zot.login;
    const rules = ['--tag', 'v*', '--tag', 'pr-*', '--keep-tag', 'v1', '--keep-semver', '^1'];
    const args = [
      'prune',
      '--creds',
      `${username}:${password}`,
      `${zot.registry}/${zot.repository}`,
    ];
    const brief = await world.run([...args, ...rules]);
    expect(brief.stdout).not.toMatch(/^(?:v1|latest) /mu);
    const full = await world.run([...args, ...rules, '--explain']);
    expect(full.status, full.stderr).toBe(0);
    expect(full.stdout).toMatch(/^v1 .* keep +--keep-tag, --keep-semver$/mu);
    expect(full.stdout).toMatch(/^latest .* keep +/mu);
    expect(full.stdout).toMatch(/^pr-1 .* delete +--tag/mu);
    expect(world.lines.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  });
});

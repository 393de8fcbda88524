import { afterAll, beforeAll, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { describeUnless } from '../helpers/when.ts';

describeUnless(missingPeers('distribution'), 'prune on registry 3', () => {
  let registry: DockerRegistry;
  let machine: Machine;
  let [index, pair, old] = [] as unknown as [TestImage, TestImage, TestImage];
  beforeAll(async () => {
    registry = await startDockerRegistry({ allowDelete: true, program: peer('distribution') });
    machine = await newMachine();
    [index, pair, old] = [await makeIndex({ layers: 1 }), await makeImage(), await makeImage()];
    await pushImage(registry.origin, 'app', ['keep'], index);
    await pushImage(registry.origin, 'app', ['pair-a', 'pair-b'], pair);
    await pushImage(registry.origin, 'app', ['old'], old);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await machine[Symbol.asyncDispose]();
  });

  const status = async (ref: string): Promise<number> => {
    const headers = { accept: `${MEDIA_TYPE.ociManifest}, ${MEDIA_TYPE.ociIndex}` };
    return (await fetch(`${registry.origin}/v2/app/manifests/${ref}`, { headers })).status;
  };

  it('deletes by digest, removes only the tag of a shared one, and keeps what is needed', async () => {
    const rules = ['--tag', 'old', '--tag', 'pair-a'];
    const name = `${registry.host}/app`;
    const done = (await machine.json(['prune', name, ...rules, '--yes'])) as {
      readonly Skipped: readonly unknown[];
    };
    expect(done.Skipped).toEqual([]);
    const { stdout } = await machine.expect(0, ['tags', name]);
    expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(['keep', 'pair-b']);
    expect(await status(old.root.digest)).toBe(404);
    expect(await status(pair.root.digest)).toBe(200);
    for (const { descriptor } of index.nodes.values()) {
      if (/manifest|index/u.test(descriptor.mediaType))
        expect(await status(descriptor.digest)).toBe(200);
    }
  });
});

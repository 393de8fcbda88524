import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

describe('prune of what has no tag, on regctl serve, which lists its manifests', () => {
  let server: RegistryServer;
  let machine: Machine;
  beforeAll(async () => {
    server = await startRegistryServer({ storage: createMemoryStorage() });
    machine = await newMachine();
  });
  afterAll(async () => {
    await machine[Symbol.asyncDispose]();
    await server.close();
  });

  interface Pruned {
    readonly Manifests: readonly string[];
    readonly Delete: readonly { readonly Tag: string | null; readonly Because: string }[];
  }

  it('--untagged deletes what lost its tag, and no child, referrer or tagged image', async () => {
    const origin = server.url.origin;
    const name = `${server.host}/app`;
    const [first, second, multi] = await Promise.all([makeImage(), makeImage(), makeIndex()]);
    const sbom = await makeImage({ subject: second.root });
    await pushImage(origin, 'app', ['v1'], first);
    await pushImage(origin, 'app', ['v1'], second);
    await pushImage(origin, 'app', ['multi'], multi);
    await pushImage(origin, 'app', [sbom.root.digest], sbom);
    const plan = (await machine.json(['prune', name, '--untagged'])) as Pruned;
    expect(plan.Manifests).toEqual([first.root.digest]);
    expect(plan.Delete).toMatchObject([{ Tag: null, Because: '--untagged' }]);
    await machine.expect(0, ['prune', name, '--untagged', '--yes']);
    await machine.expect(2, ['digest', `${name}@${first.root.digest}`]);
    for (const digest of [second.root.digest, multi.root.digest, sbom.root.digest]) {
      await machine.expect(0, ['digest', `${name}@${digest}`]);
    }
  });

  it('--orphans deletes a referrer whose image is gone', async () => {
    const origin = server.url.origin;
    const name = `${server.host}/orphans`;
    const [image, other] = await Promise.all([makeImage(), makeImage()]);
    const sbom = await makeImage({ subject: image.root });
    await pushImage(origin, 'orphans', ['v1'], other);
    await pushImage(origin, 'orphans', [sbom.root.digest], sbom);
    const plan = (await machine.json(['prune', name, '--orphans'])) as Pruned;
    expect(plan.Manifests).toEqual([sbom.root.digest]);
    expect(((await machine.json(['prune', name, '--untagged'])) as Pruned).Manifests).toEqual([]);
  });

  it('an OCI layout is pruned like a registry', async () => {
    const name = `${server.host}/app`;
    const layout = `oci:${machine.dir.join('layout')}`;
    for (const tag of ['v1', 'multi'])
      await machine.expect(0, ['copy', `${name}:${tag}`, `${layout}:${tag}`]);
    await machine.expect(0, ['prune', layout, '--tag', 'multi', '--yes']);
    const { stdout } = await machine.expect(0, ['tags', layout]);
    expect(stdout).toBe('v1\n');
  });
});

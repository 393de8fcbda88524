import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

const PLACES = ['docker', 'oci', 'oci-archive', 'dir'] as const;
type Place = (typeof PLACES)[number];

const PAIRS = PLACES.flatMap((from) => PLACES.map((to) => ({ from, to })));

describeWith(['docker-registry', 'skopeo'], 'every pair of places, skopeo on both ends', () => {
  let registry: DockerRegistry;
  let machine: Machine;
  const images: Partial<Record<'image' | 'index', TestImage>> = {};

  beforeAll(async () => {
    [registry, machine] = await Promise.all([startDockerRegistry(), newMachine()]);
    images.image = await makeImage();
    images.index = await makeIndex();
    for (const [name, image] of Object.entries(images))
      await pushImage(registry.origin, `made/${name}`, ['v1'], image);
  });
  afterAll(async () => {
    await Promise.all([registry, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  function nameOf(place: Place, id: string): string {
    if (place === 'docker') return `docker://${registry.host}/${id}:v1`;
    const path = `${place}:${machine.dir.join(id)}`;
    return place === 'dir' ? path : `${path}:v1`;
  }

  async function skopeo(args: readonly string[]): Promise<Buffer> {
    const done = await run('skopeo', args, { env: machine.env });
    expect(done.code, `skopeo ${args.join(' ')}\n${done.stderr}`).toBe(0);
    return done.bytes;
  }

  async function skopeoCopy(from: string, to: string): Promise<void> {
    const side = (which: string, name: string): string[] =>
      name.startsWith('docker://') ? [`--${which}-tls-verify=false`] : [];
    const flags = [...side('src', from), ...side('dest', to)];
    await skopeo(['copy', '--insecure-policy', '--all', '-q', ...flags, from, to]);
  }

  async function skopeoRaw(name: string): Promise<Buffer> {
    const flags = name.startsWith('docker://') ? ['--tls-verify=false'] : [];
    return skopeo(['inspect', '--raw', ...flags, name]);
  }

  for (const shape of ['image', 'index'] as const) {
    it.each(PAIRS)(`an ${shape}: $from → $to`, async ({ from, to }) => {
      const image = images[shape] as TestImage;
      const id = `${shape}-${from}-${to}`;
      const theirs = nameOf(from, `theirs-${id}`);
      const ours = nameOf(to, `ours-${id}`);
      await skopeoCopy(`docker://${registry.host}/made/${shape}:v1`, theirs);
      const { stdout } = await machine.expect(0, ['copy', theirs, ours]);
      expect(stdout).toContain(`@${image.root.digest}`);
      expect(await skopeoRaw(ours)).toEqual(
        Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []),
      );
      // skopeo reads and verifies every blob of what we wrote.
      await skopeoCopy(ours, `dir:${machine.dir.join(`read-${id}`)}`);
    });
  }
});

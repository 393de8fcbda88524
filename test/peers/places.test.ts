import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';

const PLACES = ['docker', 'oci', 'oci-archive', 'docker-archive', 'dir'] as const;
type Place = (typeof PLACES)[number];

/** Docker's archives hold single images, and no manifest: it is made anew on reading. */
const KEEPS_MANIFEST = new Set<Place>(['docker', 'oci', 'oci-archive', 'dir']);

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
    if (place === 'docker-archive') return `${path}:made/app:v1`;
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

  /** The configuration and the layers' content, which all places keep. */
  async function seen(name: string): Promise<unknown> {
    const flags = name.startsWith('docker://') ? ['--tls-verify=false'] : [];
    return JSON.parse((await skopeo(['inspect', '--config', ...flags, name])).toString());
  }

  for (const shape of ['image', 'index'] as const) {
    const pairs =
      shape === 'image'
        ? PAIRS
        : PAIRS.filter(({ from, to }) => KEEPS_MANIFEST.has(from) && KEEPS_MANIFEST.has(to));
    it.each(pairs)(`an ${shape}: $from → $to`, async ({ from, to }) => {
      const image = images[shape] as TestImage;
      const id = `${shape}-${from}-${to}`;
      const theirs = nameOf(from, `theirs-${id}`);
      const ours = nameOf(to, `ours-${id}`);
      await skopeoCopy(`docker://${registry.host}/made/${shape}:v1`, theirs);
      const { stdout } = await machine.expect(0, ['copy', theirs, ours]);
      if (KEEPS_MANIFEST.has(from)) expect(stdout).toContain(`@${image.root.digest}`);
      if (KEEPS_MANIFEST.has(from) && KEEPS_MANIFEST.has(to)) {
        expect(await skopeoRaw(ours)).toEqual(
          Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []),
        );
      } else if (!(to === 'oci' || to === 'oci-archive')) {
        expect(await seen(ours)).toEqual(await seen(`docker://${registry.host}/made/${shape}:v1`));
      }
      // skopeo reads and verifies every blob of what we wrote; Docker's types in a layout it does not.
      const isLayout = to === 'oci' || to === 'oci-archive';
      if (from === 'docker-archive' && isLayout) {
        await machine.expect(0, ['copy', ours, nameOf('docker', `again-${id}`)]);
        await skopeoCopy(nameOf('docker', `again-${id}`), `dir:${machine.dir.join(`read-${id}`)}`);
      } else {
        await skopeoCopy(ours, `dir:${machine.dir.join(`read-${id}`)}`);
      }
    });
  }

  it('pipes: an archive on stdout is one on stdin, of one platform of many', async () => {
    const source = `docker://${registry.host}/made/index:v1`;
    for (const scheme of ['oci-archive', 'docker-archive']) {
      const out = await machine.expect(0, [
        'copy',
        '--platform=linux/arm64',
        source,
        `${scheme}:-:app:v1`.replace('oci-archive:-:app:v1', 'oci-archive:-:v1'),
      ]);
      expect(out.stderr).toContain('@sha256:');
      const id = `piped-${scheme}`;
      const back = await machine.expect(0, ['copy', `${scheme}:-`, nameOf('docker', id)], {
        input: out.bytes,
      });
      expect(back.stdout).toContain(`${registry.host}/${id}:v1@sha256:`);
      expect(await seen(nameOf('docker', id))).toMatchObject({ architecture: 'arm64' });
      const tags = await machine.json(['tags', `${scheme}:-`], { input: out.bytes });
      expect(tags).toEqual({
        Repository: `${scheme}:-`,
        Tags: [scheme === 'oci-archive' ? 'v1' : 'app:v1'],
      });
      const digest = await machine.expect(0, ['digest', `${scheme}:-`], { input: out.bytes });
      expect(back.stdout).toContain(digest.stdout.trim());
    }
  });

  it('makes an OCI image of what docker save writes, from a file and from a pipe', async () => {
    const saved = nameOf('docker-archive', 'to-convert');
    await skopeoCopy(`docker://${registry.host}/made/image:v1`, saved);
    const path = machine.dir.join('to-convert');
    const input = await readFile(path);
    for (const [i, from] of [`docker-archive:${path}`, 'docker-archive:-'].entries()) {
      const layout = nameOf('oci', `converted-${i}`);
      await machine.expect(0, ['copy', '--format', 'oci', from, layout], { input });
      expect(await seen(layout)).toMatchObject({ architecture: 'amd64' });
      await skopeoCopy(layout, `dir:${machine.dir.join(`read-converted-${i}`)}`);
    }
  });

  it("puts this machine's platform of an index into a Docker archive", async () => {
    const path = machine.dir.join('one.tar');
    const source = `docker://${registry.host}/made/index:v1`;
    const done = await machine.expect(0, ['copy', source, `docker-archive:${path}`]);
    expect(done.stderr).toMatch(/^only linux\/\S+ of the index is copied/u);
    const list = await machine.expect(0, ['tags', `docker-archive:${path}`]);
    expect(list.stdout).toBe(`${registry.host}/made/index:v1\n`);
  });

  it('refuses a whole index in a Docker archive, and leaves no file', async () => {
    const path = machine.dir.join('index.tar');
    const source = `docker://${registry.host}/made/index:v1`;
    const error = await machine.jsonError(1, [
      'copy',
      '--all',
      source,
      `docker-archive:${path}:app:v1`,
    ]);
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('--platform') as string,
    });
    expect(await readdir(machine.dir.path)).not.toContain('index.tar');
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import { makeImage, makeIndex, PLATFORMS, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: unknown;
}

interface Raw {
  readonly mediaType: string;
  readonly config: Entry;
  readonly layers: readonly Entry[];
  readonly manifests: readonly Entry[];
}

describeWith(['docker-registry', 'skopeo', 'zstd'], 'copy changes images on the way', () => {
  let a: DockerRegistry;
  let b: DockerRegistry;
  let machine: Machine;

  beforeAll(async () => {
    [a, b, machine] = await Promise.all([
      startDockerRegistry(),
      startDockerRegistry(),
      newMachine(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([a, b, machine].map((one) => one[Symbol.asyncDispose]()));
  });

  async function skopeo(...args: readonly string[]): Promise<Finished> {
    const done = await run('skopeo', args, { env: machine.env, cwd: machine.dir.path });
    expect(done.code, `skopeo ${args.join(' ')}\n${done.stderr}`).toBe(0);
    return done;
  }

  /** The manifest as skopeo reads it. */
  async function raw(name: string): Promise<Raw> {
    const done = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`);
    return JSON.parse(done.stdout) as Raw;
  }

  async function blob(repository: string, { digest }: Entry): Promise<Buffer> {
    const response = await fetch(`${b.origin}/v2/${repository}/blobs/${digest}`);
    return Buffer.from(await response.arrayBuffer());
  }

  async function diffIds(repository: string, { config }: Raw): Promise<readonly string[]> {
    const json = JSON.parse((await blob(repository, config)).toString()) as {
      rootfs: { diff_ids: string[] };
    };
    return json.rootfs.diff_ids;
  }

  /** The image written by skopeo as `docker save` does, whose layers it unpacks and checks. */
  async function unpack(name: string): Promise<void> {
    const file = `${name.replaceAll(/\W/gu, '-')}.tar`;
    await skopeo('copy', '--src-tls-verify=false', `docker://${name}`, `docker-archive:${file}`);
  }

  /** The digests of the layers once skopeo has decompressed them into a folder. */
  async function decompressed(name: string, folder: string): Promise<readonly string[]> {
    const flags = ['--src-tls-verify=false', '--dest-decompress'];
    await skopeo('copy', ...flags, `docker://${name}`, `dir:${folder}`);
    const manifest = await readFile(machine.dir.join(folder, 'manifest.json'), 'utf8');
    return (JSON.parse(manifest) as Raw).layers.map((one) => one.digest);
  }

  function sha256(data: Uint8Array): string {
    return `sha256:${createHash('sha256').update(data).digest('hex')}`;
  }

  /** Temporary folders that a run has left. */
  async function leftovers(): Promise<readonly string[]> {
    return (await readdir(machine.dir.path)).filter((name) => name.startsWith('regctl-'));
  }

  async function pushed(repository: string, image: TestImage, tags = ['v1']): Promise<TestImage> {
    await pushImage(a.origin, repository, tags, image);
    return image;
  }

  it.each([
    ['oci', 'v2s2', MEDIA_TYPE.dockerList, MEDIA_TYPE.dockerManifest],
    ['docker', 'oci', MEDIA_TYPE.ociIndex, MEDIA_TYPE.ociManifest],
  ] as const)('an index from %s to %s, as skopeo has it', async (flavour, format, list, image) => {
    const repository = `made/to-${format}`;
    await pushed(repository, await makeIndex({ flavour }));
    const from = `${a.host}/${repository}:v1`;
    const done = await machine.expect(0, [
      'copy',
      '-f',
      format,
      from,
      `${b.host}/${repository}:v1`,
    ]);
    expect(done.stdout).toMatch(/@sha256:[0-9a-f]{64}\n$/u);
    const ours = await raw(`${b.host}/${repository}:v1`);
    expect(ours.mediaType).toBe(list);
    expect(ours.manifests.map((one) => one.platform)).toEqual(PLATFORMS);

    const flags = ['--all', '-f', format, '--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', ...flags, `docker://${from}`, `docker://${b.host}/${repository}:peer`);
    const theirs = await raw(`${b.host}/${repository}:peer`);
    for (const [i, child] of ours.manifests.entries()) {
      const [mine, peer] = await Promise.all(
        [child, theirs.manifests[i]].map((one) => raw(`${b.host}/${repository}@${one?.digest}`)),
      );
      expect(mine?.mediaType).toBe(image);
      expect(mine?.config.mediaType).toBe(peer?.config.mediaType);
      expect(mine?.layers).toEqual(peer?.layers);
    }
    await unpack(`${b.host}/${repository}:v1`);
  });

  it('layers to zstd, which skopeo unpacks, and on to v2s2 with gzip', async () => {
    const image = await pushed('made/zstd', await makeImage({ layerSize: 300_000 }));
    const names = [`${a.host}/made/zstd:v1`, `${b.host}/made/zstd:v1`] as const;
    await machine.expect(0, ['copy', '--dest-compress-format', 'zstd', ...names]);
    const zstd = await raw(names[1]);
    expect(zstd.layers.map((one) => one.mediaType)).toEqual([
      MEDIA_TYPE.ociLayerZstd,
      MEDIA_TYPE.ociLayerZstd,
    ]);
    expect([...image.nodes.keys()]).toContain(zstd.config.digest);
    const ids = await diffIds('made/zstd', zstd);
    expect(await decompressed(names[1], 'zstd-plain')).toEqual(ids);

    const docker = `${b.host}/made/zstd:docker`;
    const done = await machine.expect(0, ['copy', '-f', 'v2s2', names[1], docker]);
    expect(done.stderr).toContain('compressed with gzip');
    const gzip = await raw(docker);
    const expected = await diffIds('made/zstd', gzip);
    for (const [i, layer] of gzip.layers.entries()) {
      expect(layer.mediaType).toBe(MEDIA_TYPE.dockerLayerGzip);
      expect(sha256(gunzipSync(await blob('made/zstd', layer)))).toBe(expected[i]);
    }
    await unpack(docker);
    expect(await leftovers()).toEqual([]);
  });

  it('layers that skopeo compressed with zstd become gzip', async () => {
    await pushed('made/peer-zstd', await makeImage({ layerSize: 200_000 }));
    const peer = `${b.host}/made/peer-zstd:v1`;
    const zstd = [
      '--dest-compress-format',
      'zstd',
      '--dest-compress-level',
      '9',
      '--dest-compress',
    ];
    const from = `docker://${a.host}/made/peer-zstd:v1`;
    await skopeo('copy', '-f', 'oci', ...zstd, '--src-tls-verify=false', from, 'dir:peer-zstd');
    const before = await readFile(machine.dir.join('peer-zstd', 'manifest.json'), 'utf8');
    expect(before).toContain(MEDIA_TYPE.ociLayerZstd);
    await machine.expect(0, ['copy', '--dest-compress-format', 'gzip', 'dir:peer-zstd', peer]);
    const { layers } = await raw(peer);
    for (const layer of layers) expect(layer.mediaType).toBe(MEDIA_TYPE.ociLayerGzip);
    await unpack(peer);
  });

  it('one platform alone, without touching the others', async () => {
    const repository = 'made/one-platform';
    const index = await makeIndex();
    await pushed(repository, index);
    const flags = ['--platform', 'linux/arm64', '--dest-compress-format', 'zstd', '-f', 'oci'];
    const names = [`${a.host}/${repository}:v1`, `${b.host}/${repository}:v1`];
    const debug = ['--debug', '--progress', 'none'];
    const done = await machine.expect(0, ['copy', ...debug, ...flags, ...names]);
    const layers = [...index.nodes.values()]
      .filter(({ descriptor }) => descriptor.mediaType === MEDIA_TYPE.ociLayerGzip)
      .map(({ descriptor }) => descriptor.digest);
    const read = layers.filter((digest) => done.stderr.includes(digest));
    expect([layers.length, read.length]).toEqual([6, 2]);
    expect((await raw(names[1] ?? '')).layers[0]?.mediaType).toBe(MEDIA_TYPE.ociLayerZstd);
  });

  it('an image that is named by digest, though the original is there already', async () => {
    const image = await pushed('made/by-digest', await makeImage());
    const from = `${a.host}/made/by-digest@${image.root.digest}`;
    const to = `${b.host}/made/by-digest:v1`;
    await machine.expect(0, ['copy', from, to]);
    await machine.expect(0, ['copy', '-f', 'v2s2', from, to]);
    expect((await raw(to)).mediaType).toBe(MEDIA_TYPE.dockerManifest);
  });

  it('within one repository, and again, when there is nothing to do', async () => {
    await pushed('made/same', await makeIndex());
    const names = [`${a.host}/made/same:v1`, `${a.host}/made/same:docker`] as const;
    await machine.expect(0, ['copy', '-f', 'v2s2', ...names]);
    const first = await raw(names[1]);
    expect(first.mediaType).toBe(MEDIA_TYPE.dockerList);
    const again = (await machine.json(['copy', '-f', 'v2s2', ...names])) as {
      Bytes: { Sent: number };
    };
    expect(again.Bytes.Sent).toBe(0);
  });

  it('all tags of a repository', async () => {
    await pushed('made/tags', await makeImage(), ['1', '2']);
    const names = [`${a.host}/made/tags`, `${b.host}/made/tags`];
    await machine.expect(0, ['copy', '--all-tags', '-f', 'v2s2', ...names]);
    for (const tag of ['1', '2'])
      expect((await raw(`${names[1]}:${tag}`)).mediaType).toBe(MEDIA_TYPE.dockerManifest);
  });

  it('uncompressed layers to gzip', async () => {
    await pushed('made/plain', await makeImage({ layerSize: 50_000 }));
    const ids = await decompressed(`${a.host}/made/plain:v1`, 'plain');
    const to = `${b.host}/made/plain:v1`;
    await machine.expect(0, ['copy', '--dest-compress-format', 'gzip', 'dir:plain', to]);
    const manifest = await raw(to);
    for (const [i, layer] of manifest.layers.entries()) {
      expect(layer.mediaType).toBe(MEDIA_TYPE.ociLayerGzip);
      expect(sha256(gunzipSync(await blob('made/plain', layer)))).toBe(ids[i]);
    }
    await unpack(to);
  });

  it('and refuses instead with --preserve-digests: exit 3, nothing written', async () => {
    await pushed('made/preserve', await makeIndex());
    const names = [`${a.host}/made/preserve:v1`, `${b.host}/made/preserve:v1`];
    for (const flags of [
      ['-f', 'v2s2'],
      ['--dest-compress-format', 'zstd'],
    ]) {
      const error = await machine.jsonError(3, ['copy', '--preserve-digests', ...flags, ...names]);
      expect(error.code).toBe('DIGEST_CHANGED');
    }
    expect((await fetch(`${b.origin}/v2/made/preserve/tags/list`)).status).toBe(404);
    await machine.expect(0, ['copy', '--preserve-digests', '-f', 'oci', ...names]);
  });

  it('and stops at a layer that the configuration does not name: exit 5', async () => {
    const image = await makeImage({ layers: 1 });
    const other = await makeImage({ layers: 1 });
    const [config] = [...other.nodes.values()].filter(
      ({ descriptor }) => descriptor.mediaType === MEDIA_TYPE.ociConfig,
    );
    const nodes = new Map(image.nodes);
    nodes.delete(image.root.digest);
    const body = JSON.parse(
      Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []).toString(),
    ) as object;
    const bytes = Buffer.from(JSON.stringify({ ...body, config: config?.descriptor }));
    const root = { ...image.root, digest: sha256(bytes) as never, size: bytes.byteLength };
    if (config !== undefined) nodes.set(config.descriptor.digest, config);
    nodes.set(root.digest, { descriptor: root, bytes });
    await pushed('made/wrong', { root, nodes });
    const names = [`${a.host}/made/wrong:v1`, `${b.host}/made/wrong:v1`];
    const error = await machine.jsonError(5, ['copy', '--dest-compress-format', 'zstd', ...names]);
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(await leftovers()).toEqual([]);
  });

  it('in a rehearsal too, which tells the digest and writes nothing', async () => {
    await pushed('made/rehearsed', await makeIndex());
    const args = ['copy', '-f', 'v2s2', '--dest-compress-format', 'gzip'];
    const names = [`${a.host}/made/rehearsed:v1`, `${b.host}/made/rehearsed:v1`];
    const plan = (await machine.json([...args, '--dry-run', ...names])) as { Digest: string };
    expect((await fetch(`${b.origin}/v2/made/rehearsed/tags/list`)).status).toBe(404);
    const done = await machine.expect(0, ['--format', '{{.Digest}}', ...args, ...names]);
    expect(done.stdout.trim()).toBe(plan.Digest);
  });

  it('with a digest file that says what was written', async () => {
    await pushed('made/file', await makeImage());
    const names = [`${a.host}/made/file:v1`, `${b.host}/made/file:v1`];
    await machine.expect(0, ['copy', '-f', 'v2s2', '--digestfile', 'digest', ...names]);
    const digest = await readFile(machine.dir.join('digest'), 'utf8');
    const bytes = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${names[1]}`);
    expect(digest).toBe(sha256(bytes.bytes));
  });

  it.each([
    ['-f', 'v2s2', '--dest-compress-format', 'zstd'],
    ['-f', 'v2s1'],
    ['--dest-compress-level', '3'],
    ['--dest-force-compress-format'],
    ['--dest-compress-format', 'gzip', '--dest-compress-level', '11'],
  ])('wrong usage: %s %s', async (...flags) => {
    const names = [`${a.host}/made/usage:v1`, `${b.host}/made/usage:v1`];
    await machine.expect(64, ['copy', ...flags, ...names]);
  });
});

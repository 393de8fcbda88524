import { readFile, readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../helpers/commands.ts';
import { startDockerRegistry, type DockerRegistry } from '../helpers/docker-registry.ts';
import {
  makeImage,
  makeIndex,
  pushImage,
  type Flavour,
  type TestImage,
} from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { newMachine, type Machine } from './regctl.ts';

/** skopeo as the second opinion: the manifest bytes as it reads them. */
async function skopeoRaw(machine: Machine, name: string): Promise<Buffer> {
  const flags = name.startsWith('docker://') ? ['--tls-verify=false'] : [];
  const done = await run('skopeo', ['inspect', '--raw', ...flags, name], { env: machine.env });
  expect(done.code, done.stderr).toBe(0);
  return done.bytes;
}

function rootBytes(image: TestImage): Buffer {
  return Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []);
}

describeWith(['docker-registry', 'skopeo'], 'copy between real registries and layouts', () => {
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

  const shapes: readonly (readonly [Flavour, 'image' | 'index'])[] = [
    ['oci', 'image'],
    ['oci', 'index'],
    ['docker', 'image'],
    ['docker', 'index'],
  ];

  for (const [flavour, shape] of shapes) {
    it(`keeps a ${flavour} ${shape} byte for byte: registry → registry → layout → registry`, async () => {
      const make = shape === 'image' ? makeImage : makeIndex;
      const image = await make({ flavour });
      const repo = `made/${flavour}-${shape}`;
      await pushImage(a.origin, repo, ['v1'], image);

      const first = await machine.expect(0, [
        'copy',
        `${a.host}/${repo}:v1`,
        `${b.host}/${repo}:v1`,
      ]);
      expect(first.stdout.trimEnd().split('\n').at(-1)).toBe(
        `${b.host}/${repo}:v1@${image.root.digest}`,
      );
      expect(await skopeoRaw(machine, `docker://${b.host}/${repo}:v1`)).toEqual(rootBytes(image));

      const layout = `oci:${machine.dir.join(`${flavour}-${shape}`)}:v1`;
      await machine.expect(0, ['copy', `${b.host}/${repo}:v1`, layout]);
      // skopeo reads OCI media types alone from a layout; Docker's are checked in its next copy.
      if (flavour === 'oci') {
        expect(await skopeoRaw(machine, layout)).toEqual(rootBytes(image));
      }

      await machine.expect(0, ['copy', layout, `${b.host}/${repo}-back:v2`]);
      expect(await skopeoRaw(machine, `docker://${b.host}/${repo}-back:v2`)).toEqual(
        rootBytes(image),
      );

      // skopeo pulls every blob of what we wrote.
      const pulled = machine.dir.join(`pulled-${flavour}-${shape}`);
      const all = await run(
        'skopeo',
        [
          'copy',
          '--insecure-policy',
          '--all',
          '--src-tls-verify=false',
          `docker://${b.host}/${repo}-back:v2`,
          `dir:${pulled}`,
        ],
        { env: machine.env },
      );
      expect(all.code, all.stderr).toBe(0);
      const blobs = new Set(await readdir(pulled));
      for (const digest of image.nodes.keys()) {
        const name = digest.slice('sha256:'.length);
        const isManifest = blobs.has(`${name}.manifest.json`) || digest === image.root.digest;
        expect(isManifest || blobs.has(name), digest).toBe(true);
      }
    });
  }

  it('reads what skopeo wrote', async () => {
    const image = await makeIndex();
    await pushImage(a.origin, 'theirs', ['v1'], image);
    const layout = `oci:${machine.dir.join('by-skopeo')}:v1`;
    const done = await run(
      'skopeo',
      [
        'copy',
        '--insecure-policy',
        '--all',
        '--src-tls-verify=false',
        `docker://${a.host}/theirs:v1`,
        layout,
      ],
      { env: machine.env },
    );
    expect(done.code, done.stderr).toBe(0);
    const digest = await machine.expect(0, ['digest', layout]);
    expect(digest.stdout.trim()).toBe(image.root.digest);
    await machine.expect(0, ['copy', layout, `${b.host}/theirs:v1`]);
    expect(await skopeoRaw(machine, `docker://${b.host}/theirs:v1`)).toEqual(rootBytes(image));
  });

  it('agrees with skopeo on inspect', async () => {
    await pushImage(a.origin, 'look', ['v1', 'v2'], await makeImage({ flavour: 'docker' }));
    const theirs = await run(
      'skopeo',
      ['inspect', '--tls-verify=false', `docker://${a.host}/look:v1`],
      {
        env: machine.env,
      },
    );
    const expected = JSON.parse(theirs.stdout) as Record<string, unknown>;
    const ours = (await machine.json(['inspect', `${a.host}/look:v1`])) as Record<string, unknown>;
    for (const key of Object.keys(expected)) {
      if (key === 'RepoTags') expect(new Set(ours[key] as string[])).toEqual(new Set(['v1', 'v2']));
      // skopeo 1.9 does not print per-layer data yet.
      else expect(ours[key], key).toEqual(expected[key]);
    }
  });

  it('copies one platform of many', async () => {
    const image = await makeIndex();
    await pushImage(a.origin, 'many', ['v1'], image);
    await machine.expect(0, [
      'copy',
      '--platform',
      'linux/arm64',
      `${a.host}/many:v1`,
      `${b.host}/one:v1`,
    ]);
    const config = JSON.parse((await machine.expect(0, ['config', `${b.host}/one:v1`])).stdout) as {
      architecture: string;
    };
    expect(config.architecture).toBe('arm64');
    const error = await machine.jsonError(2, [
      'copy',
      '--platform',
      'linux/s390x',
      `${a.host}/many:v1`,
      `${b.host}/none:v1`,
    ]);
    expect(error.code).toBe('PLATFORM_UNKNOWN');
    expect(`${error.message} ${error.hint ?? ''}`).toContain('linux/arm/v7');
  });

  it('writes the raw manifest, config and blob to stdout', async () => {
    const image = await makeImage();
    await pushImage(a.origin, 'raw', ['v1'], image);
    const manifest = await machine.expect(0, ['manifest', `${a.host}/raw:v1`]);
    expect(manifest.bytes).toEqual(rootBytes(image));
    const raw = await machine.expect(0, ['inspect', '--raw', `${a.host}/raw:v1`]);
    expect(raw.bytes).toEqual(rootBytes(image));
    for (const [digest, node] of image.nodes) {
      if (node.descriptor.mediaType.includes('manifest')) continue;
      const blob = await machine.expect(0, ['blob', `${a.host}/raw@${digest}`]);
      expect(blob.bytes).toEqual(Buffer.from(node.bytes));
    }
    const file = machine.dir.join('manifest.json');
    await (await import('node:fs/promises')).writeFile(file, manifest.bytes);
    expect((await machine.expect(0, ['manifest-digest', file])).stdout.trim()).toBe(
      image.root.digest,
    );
  });

  it('streams a 16 MiB layer and leaves no temporary file', async () => {
    const image = await makeImage({ layers: 1, layerSize: 16 * 1024 * 1024 });
    await pushImage(a.origin, 'big', ['v1'], image);
    await machine.expect(0, ['copy', `${a.host}/big:v1`, `${b.host}/big:v1`]);
    const layout = machine.dir.join('big-layout');
    await machine.expect(0, ['copy', `${b.host}/big:v1`, `oci:${layout}:v1`]);
    const names = await readdir(layout, { recursive: true });
    expect(names.filter((name) => name.includes('tmp') || name.includes('lock'))).toEqual([]);
    expect(JSON.parse(await readFile(`${layout}/index.json`, 'utf8'))).toMatchObject({
      manifests: [{ digest: image.root.digest }],
    });
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { run as load } from '../../../src/commands/load/run.ts';
import { run as save } from '../../../src/commands/save/run.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { sourceFromBytes } from '../../../src/store/verify.ts';
import { openOciArchiveForWrite } from '../../../src/transports/oci-archive/store.ts';
import { locate, transportOf } from '../../../src/transports/locate.ts';
import { startEngine } from '../../helpers/engine.ts';
import { makeImage, type TestImage } from '../../helpers/images.ts';
import { placesIn, stdinOf } from '../../helpers/pipes.ts';
import { tempDir, type TempDir } from '../../helpers/temp.ts';
import { tarOf } from '../../transports/tar/archives.ts';
import { fakeContext, input, jsonOf, storeWith, textOf } from '../fake-context.ts';

/** A machine with a daemon, two images in registries, and an archive of both. */
async function setUp(kind: 'docker' | 'podman' = 'docker') {
  const dir = await tempDir();
  const engine = await startEngine({ kind });
  const [app, other] = await Promise.all([makeImage(), makeImage()]);
  const sources: Readonly<Record<string, typeof app>> = {
    'r.example/app': app,
    'docker.io/library/other': other,
  };
  const registry = createMemoryStore('registry');
  const file = dir.join('images.tar');
  let stdin: Uint8Array = Buffer.of();
  const context = fakeContext({
    requestCount: () => 7,
    openRead: async (location, _side, options) => {
      const image = sources[location.name];
      if (image !== undefined) return storeWith({ v1: image }, location.name);
      const places = { ...placesIn(dir.path, stdinOf(stdin)), engines: engine.context };
      return transportOf(location).openRead(location, places, options);
    },
    openWrite: async (location, _side, options): Promise<WriteStore> => {
      if (location.scheme === 'docker')
        return { ...registry, [Symbol.asyncDispose]: async () => {} };
      const places = { ...placesIn(dir.path), engines: engine.context };
      const { openWrite } = transportOf(location);
      if (openWrite === undefined) throw new Error('read-only');
      return openWrite(location, places, options);
    },
  });
  await save(context, input(['r.example/app:v1', 'other:v1'], { output: file }), {});
  return {
    app,
    other,
    engine,
    registry,
    file,
    dir,
    context,
    load: (args: readonly string[] = [], options = { input: file }) =>
      load(context, input(args, options), {}),
    pipe: async (args: readonly string[] = [], from = file) => {
      stdin = await readFile(from);
      return load(context, input(args), {});
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** An OCI layout in a tar, with these tags. */
async function writeArchive(
  dir: TempDir,
  images: Readonly<Record<string, TestImage>>,
): Promise<string> {
  const name = dir.join('layout.tar');
  await using archive = await openOciArchiveForWrite({ name, ref: 'x' }, placesIn(dir.path));
  for (const [tag, { nodes, root }] of Object.entries(images)) {
    for (const { descriptor, bytes } of nodes.values())
      await archive.push(sourceFromBytes(descriptor, bytes), descriptor === root ? { tag } : {});
  }
  await archive.commit();
  return name;
}

describe.each(['docker', 'podman'] as const)('load into the daemon of %s', (kind) => {
  it.each(['file', 'pipe'] as const)('all images of a %s, under their names', async (way) => {
    await using setup = await setUp(kind);
    const result = await (way === 'file' ? setup.load() : setup.pipe());
    expect([...setup.engine.names.keys()]).toEqual([
      'r.example/app:v1',
      kind === 'podman' ? 'docker.io/library/other:v1' : 'other:v1',
    ]);
    expect(setup.engine.lines.filter((line) => line.includes('load'))).toHaveLength(1);
    expect(jsonOf(result)).toMatchObject({
      Images: [{ Name: 'r.example/app:v1' }, { Name: 'other:v1' }],
    });
    expect(textOf(result)).toMatch(/^r\.example\/app:v1@sha256:\w+\nother:v1@sha256:\w+$/u);
  });
});

describe('load of an OCI layout in a tar', () => {
  const ways = ['file', 'compressed file', 'pipe', 'compressed pipe'] as const;

  it.each(ways)('all images of a %s, under their full names', async (way) => {
    await using setup = await setUp();
    const { app, other, dir, engine } = setup;
    const layout = await writeArchive(dir, { 'r.example/app:v1': app, 'o/other:2': other });
    const packed = dir.join('layout.tgz');
    await writeFile(packed, gzipSync(await readFile(layout)));
    const file = way.startsWith('compressed') ? packed : layout;
    const result = way.endsWith('file')
      ? await setup.load([], { input: file })
      : await setup.pipe([], file);
    expect([...engine.names.keys()]).toEqual(['r.example/app:v1', 'o/other:2']);
    expect(jsonOf(result)).toMatchObject({
      Images: [
        { Name: 'r.example/app:v1', Digest: app.root.digest },
        { Name: 'o/other:2', Digest: other.root.digest },
      ],
    });
  });

  it.each(ways.slice(0, 3))('of a %s, a bare tag is no name of an image', async (way) => {
    await using setup = await setUp();
    const layout = await writeArchive(setup.dir, { '1.0': setup.app });
    const packed = setup.dir.join('layout.tgz');
    await writeFile(packed, gzipSync(await readFile(layout)));
    const file = way.startsWith('compressed') ? packed : layout;
    await (way === 'pipe' ? setup.pipe([], file) : setup.load([], { input: file }));
    expect([...setup.engine.names.keys()]).toEqual([]);
    expect(setup.engine.lines.filter((line) => line.includes('load'))).toHaveLength(1);
    expect(setup.context.notes.join()).toContain('"1.0" is a tag without a repository');
  });

  it('an archive that is neither says so', async () => {
    await using setup = await setUp();
    const file = setup.dir.join('other.tar');
    await writeFile(file, await tarOf([{ name: 'a.txt', data: 'a' }]));
    await expect(setup.load([], { input: file })).rejects.toMatchObject({
      code: 'CORRUPT_ARCHIVE',
    });
    expect(setup.engine.lines).toEqual([]);
  });
});

describe('load into a registry', () => {
  it('takes the image of that name, from a file and from a pipe', async () => {
    await using setup = await setUp();
    await setup.load(['other:v1']);
    const descriptor = await setup.registry.resolve('v1');
    expect(descriptor.size).toBeGreaterThan(0);
    const again = await setup.pipe(['r.example/app:v1']);
    expect(textOf(again)).toContain('r.example/app:v1@sha256:');
    expect((await setup.registry.resolve('v1')).digest).not.toBe(descriptor.digest);
    expect(setup.engine.lines).toEqual([]);
  });

  it('names the images if none has the name', async () => {
    await using setup = await setUp();
    await expect(setup.load(['r.example/none:v1'])).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      hint: expect.stringContaining('r.example/app:v1, other:v1') as string,
    });
    await expect(setup.load(['oci:out'])).rejects.toMatchObject({ code: 'USAGE' });
    expect(locate('r.example/none:v1').scheme).toBe('docker');
  });
});

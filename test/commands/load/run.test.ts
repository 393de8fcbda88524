import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { run as load } from '../../../src/commands/load/run.ts';
import { run as save } from '../../../src/commands/save/run.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { WriteStore } from '../../../src/store/types.ts';
import { locate, transportOf } from '../../../src/transports/locate.ts';
import { startEngine } from '../../helpers/engine.ts';
import { makeImage } from '../../helpers/images.ts';
import { placesIn, stdinOf } from '../../helpers/pipes.ts';
import { tempDir } from '../../helpers/temp.ts';
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
    load: (args: readonly string[] = [], options = { input: file }) =>
      load(context, input(args, options), {}),
    pipe: async (args: readonly string[] = []) => {
      stdin = await readFile(file);
      return load(context, input(args), {});
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
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

import { describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/copy/copy-image.ts';
import { copyTags } from '../../../src/copy/copy-tags.ts';
import { AppError } from '../../../src/errors/app-error.ts';
import { createGzipStream } from '../../../src/image/convert/gzip-stream.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { fetchManifest } from '../../../src/store/manifests.ts';
import type { ReadStore } from '../../../src/store/types.ts';
import { fetchAll } from '../../../src/store/verify.ts';
import { dockerDaemonTransport } from '../../../src/transports/docker-daemon/transport.ts';
import { storeWith } from '../../commands/fake-context.ts';
import { startEngine, type EngineScript, type FakeEngine } from '../../helpers/engine.ts';
import { drain } from '../../../src/util/bytes.ts';
import { makeImage, type TestImage } from '../../helpers/images.ts';
import { placesIn } from '../../helpers/pipes.ts';
import { tmpdir } from 'node:os';

const { parse, openRead, openWrite } = dockerDaemonTransport;
const common = { concurrency: 3, emit: () => undefined };

const contextOf = (engine: FakeEngine, env: Record<string, string> = {}) =>
  placesIn(tmpdir(), {
    engines: { ...engine.context, env: { ...engine.context.env, ...env } },
  });

async function push(
  engine: FakeEngine,
  image: TestImage,
  name = 'two:a',
  additionalTags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<void> {
  const location = parse(name);
  const source = await storeWith({ v1: image });
  await using destination = await openWrite!(location, contextOf(engine, env));
  const request = { sourceRef: 'v1', destinationTag: location.tag, additionalTags };
  await copyImage({ ...common, source, destination, ...request });
}

const open = (engine: FakeEngine, name = 'two:a'): Promise<ReadStore> =>
  openRead(parse(name), contextOf(engine));

const configOf = (image: TestImage): unknown => {
  const { config } = JSON.parse(
    Buffer.from(image.nodes.get(image.root.digest)?.bytes ?? []).toString(),
  ) as { config: { digest: string } };
  return config.digest;
};

const failure = async (promise: Promise<unknown>): Promise<AppError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError: ${String(error)}`);
  let last = error;
  while (last.cause instanceof AppError) last = last.cause;
  return last;
};

describe.each(['docker', 'podman'] as const)('docker-daemon: of %s', (kind) => {
  it('loads one plain tar with several names, and believes it when the daemon shows it', async () => {
    await using engine = await startEngine({ kind });
    const image = await makeImage();
    await push(engine, image, 'two:a', ['b', 'c']);
    expect(engine.contentTypes).toEqual(['application/x-tar']);
    expect([...engine.versions]).toEqual(['1.41']);
    expect(engine.lines.filter((line) => line.includes('load'))).toHaveLength(1);
    const prefix = kind === 'podman' ? 'docker.io/library/' : '';
    expect([...engine.names.keys()]).toEqual(['a', 'b', 'c'].map((tag) => `${prefix}two:${tag}`));
    for (const tag of ['a', 'b', 'c'])
      expect(engine.lines).toContain(`GET /images/two:${tag}/json`);
    await using store = await open(engine, 'two');
    const tags = await Array.fromAsync(store.capabilities.tags?.tags() ?? []);
    expect(tags.flat()).toEqual(['a', 'b', 'c']);
  });

  it('gives an image back with its configuration and diff IDs, layers in gzip', async () => {
    await using engine = await startEngine({ kind });
    const image = await makeImage({ layers: 3 });
    await push(engine, image);
    await using source = await open(engine);
    let notes = 0;
    const gzipped = createGzipStream(source, { tempDir: tmpdir(), onCompress: () => (notes += 1) });
    const destination = createMemoryStore('dest');
    const { descriptor } = await copyImage({
      ...common,
      source: gzipped,
      destination,
      destinationTag: 'v1',
    });
    expect(notes).toBe(1);
    const manifest = await fetchManifest(destination, descriptor);
    if (manifest.kind !== 'image') throw new Error('no image');
    expect(manifest.config.digest).toBe(configOf(image));
    expect(manifest.layers).toHaveLength(3);
    for (const layer of manifest.layers) {
      expect(layer.mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
      const bytes = await fetchAll(destination, layer);
      // Once more, for a destination that lost it.
      expect(Buffer.compare(await fetchAll(gzipped, layer), bytes)).toBe(0);
    }
  });

  it('gives all tags in one stream', async () => {
    await using engine = await startEngine({ kind });
    const [one, other] = await Promise.all([makeImage(), makeImage()]);
    await push(engine, one, 'two:a', ['b']);
    await push(engine, other, 'two:c');
    await using source = await open(engine, 'two');
    const tags = (await Array.fromAsync(source.capabilities.tags?.tags() ?? [])).flat();
    const destination = createMemoryStore('dest');
    const { images } = await copyTags({ ...common, source, destination, tags });
    expect(images.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(engine.lines.filter((line) => line.includes('/get'))).toHaveLength(1);
    const configs = await Promise.all(
      ['a', 'b', 'c'].map(async (tag) => {
        const manifest = await fetchManifest(destination, await destination.resolve(tag));
        return manifest.kind === 'image' ? manifest.config.digest : undefined;
      }),
    );
    expect(configs).toEqual([configOf(one), configOf(one), configOf(other)]);
  });

  it('reads by ID, tags in place, and says what is not there', async () => {
    await using engine = await startEngine({ kind });
    const image = await makeImage();
    await push(engine, image);
    await using byId = await open(engine, String(configOf(image)));
    await byId.resolve(undefined);
    await using store = await openWrite!(parse('two:a'), contextOf(engine));
    const found = await store.resolve('a');
    expect(found.digest).toBe(configOf(image));
    await store.tag(found, 'r.example/app:2');
    await store.commit();
    expect([...engine.names.keys()]).toContain('r.example/app:2');
    // Such as the tag of a signature: the one image that is read is not it.
    const signature = `${String(configOf(image)).replace(':', '-')}.sig`;
    expect((await failure(byId.resolve(signature))).code).toBe('UNSUPPORTED');
    await using none = await open(engine, 'two:none');
    expect(await failure(none.resolve(undefined))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      hint: 'See what there is with: regctl tags docker-daemon:two',
    });
  });
});

it("a name that podman's localhost/NAME hides moves to the new image there, too", async () => {
  await using engine = await startEngine({ kind: 'podman' });
  const [old, image] = await Promise.all([makeImage(), makeImage()]);
  await push(engine, old, 'localhost/two:a');
  await push(engine, image, 'two:a');
  expect([...engine.names]).toEqual([
    ['localhost/two:a', configOf(image)],
    ['docker.io/library/two:a', configOf(image)],
  ]);
});

it("containerd's image store keeps the manifest: its digest is the ID, and comes back", async () => {
  await using engine = await startEngine({ kind: 'containerd' });
  const image = await makeImage();
  await push(engine, image, 'two:a', ['b']);
  expect(new Set(engine.names.values())).toEqual(new Set([image.root.digest]));
  await using source = await open(engine);
  expect((await source.resolve(undefined)).digest).toBe(image.root.digest);
});

describe('docker-daemon: versions', () => {
  it.each([
    ['the lower of both', '1.99', {}, '1.51'],
    ['of an old daemon', '1.24', {}, '1.24'],
    ['what DOCKER_API_VERSION says', '1.41', { DOCKER_API_VERSION: '1.30' }, '1.30'],
    ['none without an answer', null, {}, undefined],
  ])('%s', async (_title, apiVersion, env, expected) => {
    await using engine = await startEngine({ apiVersion });
    await push(engine, await makeImage(), 'two:a', [], env);
    expect([...engine.versions]).toEqual(expected === undefined ? [] : [expected]);
    expect(engine.lines.includes('GET /_ping')).toBe(!('DOCKER_API_VERSION' in env));
  });
});

it.each(['1', '1.41/../x', 'latest'])(
  'DOCKER_API_VERSION=%s is refused before anything is sent',
  async (version) => {
    await using engine = await startEngine();
    const pushed = push(engine, await makeImage(), 'two:a', [], { DOCKER_API_VERSION: version });
    expect(await failure(pushed)).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(engine.lines).toEqual([]);
  },
);

const loads =
  (answer: EngineScript): EngineScript =>
  async (line, request, response) => {
    if (line !== 'POST /images/load?quiet=1') return false;
    await drain(request);
    return answer(line, request, response);
  };

const FAILURES: readonly (readonly [string, EngineScript, object])[] = [
  [
    'an error under status 200',
    loads((_line, _request, response) => {
      response
        .writeHead(200)
        .end('{"errorDetail":{"message":"bad layer"},"error":"bad layer"}\r\n');
      return true;
    }),
    { code: 'ENGINE_ERROR', message: expect.stringContaining('bad layer') as string },
  ],
  [
    'a full disk',
    loads((_line, _request, response) => {
      response
        .writeHead(200)
        .end('{"errorDetail":{"message":"write /x: no space left on device"}}\r\n');
      return true;
    }),
    { code: 'NO_SPACE', hint: 'Make room on its disk: docker system df' },
  ],
  [
    "podman's 500",
    loads((_line, _request, response) => {
      response
        .writeHead(500)
        .end('{"cause":"payload does not match","message":"failed to load image","response":500}');
      return true;
    }),
    {
      code: 'ENGINE_ERROR',
      message: expect.stringContaining('failed to load image: payload does not match') as string,
    },
  ],
  [
    'an answer that just ends',
    loads((_line, _request, response) => {
      response.writeHead(200).end();
      return true;
    }),
    {
      code: 'ENGINE_ERROR',
      message: expect.stringContaining('does not say that it loaded') as string,
    },
  ],
  [
    'an answer that breaks off',
    loads((_line, _request, response) => {
      response.writeHead(200);
      response.write('{"stream":"Loa');
      response.flushHeaders();
      setImmediate(() => response.destroy());
      return true;
    }),
    { code: 'NETWORK' },
  ],
  [
    'another name',
    loads((_line, _request, response) => {
      response.writeHead(200).end('{"stream":"Loaded image: three:a\\n"}\r\n');
      return true;
    }),
    { code: 'ENGINE_ERROR', message: expect.stringContaining('"two:a"') as string },
  ],
  [
    'another image under the name',
    (line, _request, response) => {
      if (line !== 'GET /images/two:a/json') return false;
      response.writeHead(200).end(JSON.stringify({ Id: `sha256:${'0'.repeat(64)}` }));
      return true;
    },
    { code: 'DIGEST_MISMATCH' },
  ],
  [
    'a version that is refused',
    (line, _request, response) => {
      if (line === 'GET /_ping') return false;
      response
        .writeHead(400)
        .end('{"message":"client version 1.41 is too old. Minimum supported API version is 1.44"}');
      return true;
    },
    { code: 'ENGINE_ERROR', hint: expect.stringContaining('DOCKER_API_VERSION') as string },
  ],
  [
    'a connection that is closed in mid-load',
    (line, request) => {
      if (line !== 'POST /images/load?quiet=1') return false;
      request.once('data', () => request.socket.destroy());
      return true;
    },
    { code: 'NETWORK' },
  ],
];

describe('docker-daemon: failures', () => {
  it.each(FAILURES)('%s', async (title, script, expected) => {
    await using engine = await startEngine({ script });
    expect(await failure(push(engine, await makeImage({ layerSize: 400_000 })))).toMatchObject(
      expected,
    );
    if (title !== 'another image under the name') expect([...engine.names.keys()]).toEqual([]);
  });

  it('a source that fails leaves nothing under the name', async () => {
    await using engine = await startEngine();
    const image = await makeImage();
    const source = await storeWith({ v1: image });
    await using destination = await openWrite!(parse('two:a'), contextOf(engine));
    const broken: ReadStore = {
      ...source,
      fetch: async (descriptor, options) =>
        descriptor.mediaType.includes('layer')
          ? Promise.reject(new AppError('NETWORK', 'gone'))
          : source.fetch(descriptor, options),
    };
    const request = { sourceRef: 'v1', destinationTag: 'a' };
    const error = await failure(copyImage({ ...common, source: broken, destination, ...request }));
    expect(error).toMatchObject({ code: 'NETWORK', message: 'gone' });
    await destination[Symbol.asyncDispose]();
    expect([...engine.names.keys()]).toEqual([]);
  });

  it('a save that breaks off is no whole image', async () => {
    await using engine = await startEngine({
      script: (line, _request, response) => {
        if (!line.endsWith('/get')) return false;
        response.writeHead(200);
        response.write(Buffer.alloc(100, 1));
        setImmediate(() => response.destroy());
        return true;
      },
    });
    await push(engine, await makeImage());
    await using store = await open(engine);
    expect(await failure(store.resolve(undefined))).toBeInstanceOf(AppError);
  });
});

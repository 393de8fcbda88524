import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { fetchManifest } from '../../src/store/manifests.ts';
import { fetchAll } from '../../src/store/verify.ts';
import { openDockerArchiveForRead } from '../../src/transports/docker-archive/open.ts';
import type { EngineContext } from '../../src/transports/types.ts';
import { placesIn, stdinOf } from './pipes.ts';
import { tempDir } from './temp.ts';

interface LoadedImage {
  readonly id: string;
  readonly config: Buffer;
  /** Uncompressed. */
  readonly layers: readonly Buffer[];
  readonly diffIds: readonly string[];
}

/** A request that the engine got, without the version: "GET /images/json". */
export type EngineScript = (
  line: string,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

export interface FakeEngine extends AsyncDisposable {
  readonly context: EngineContext & { readonly notes: string[] };
  readonly lines: readonly string[];
  readonly versions: ReadonlySet<string>;
  /** ID by name, in short. */
  readonly names: ReadonlyMap<string, string>;
  readonly contentTypes: readonly (string | undefined)[];
}

export interface FakeEngineOptions {
  /** Whose ways it has. Default: docker. */
  readonly kind?: 'docker' | 'podman';
  /** What is answered otherwise; true: it was. */
  readonly script?: EngineScript;
  readonly apiVersion?: string | null;
}

/** An engine on a socket of its own, with what Docker 20 or podman's service do for images. */
export async function startEngine(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const { kind = 'docker', script, apiVersion = '1.41' } = options;
  const dir = await tempDir();
  const socket = dir.join('engine.sock');
  const images = new Map<string, LoadedImage>();
  const names = new Map<string, string>();
  const lines: string[] = [];
  const versions = new Set<string>();
  const contentTypes: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const called = (name: string): string =>
    kind === 'podman' && !/^[^/]*[.:][^/]*\//u.test(name) ? `localhost/${name}` : name;
  const find = (name: string): LoadedImage | undefined =>
    images.get(name) ?? images.get(names.get(name) ?? names.get(called(name)) ?? '');

  const load = async (request: IncomingMessage): Promise<string[]> => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const places = placesIn(dir.path, stdinOf(body));
    await using archive = await openDockerArchiveForRead('-', places);
    const tags = (await Array.fromAsync(archive.capabilities.tags?.tags() ?? [])).flat();
    const file = dir.join('loaded.tar');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(file, body);
    await using saved = await openDockerArchiveForRead(file, places);
    for (const tag of tags.length === 0 ? [undefined] : tags) {
      const manifest = await fetchManifest(saved, await saved.resolve(tag));
      if (manifest.kind !== 'image') throw new Error('no image');
      const id = manifest.config.digest;
      const config = Buffer.from(await fetchAll(saved, manifest.config));
      const layers: Buffer[] = [];
      for (const layer of manifest.layers) {
        const bytes = Buffer.from(await fetchAll(saved, layer));
        layers.push(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
      }
      const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
      images.set(id, { id, config, layers, diffIds: rootfs.diff_ids });
      if (tag !== undefined) names.set(called(tag), id);
      else return [`Loaded image ID: ${id}`];
    }
    const loaded = tags.map(called);
    return kind === 'podman'
      ? [`Loaded image: ${loaded.join(',')}`]
      : loaded.map((tag) => `Loaded image: ${tag}`);
  };

  const respond = async (
    line: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const json = (status: number, value: unknown): void =>
      void response.writeHead(status).end(`${JSON.stringify(value)}\r\n`);
    const url = new URL(line.split(' ')[1] ?? '/', 'http://engine');
    const name = decodeURIComponent(
      /^\/images\/(.*)\/(?:json|get|tag)$/u.exec(url.pathname)?.[1] ?? '',
    );
    const missing = (): void => {
      if (kind === 'docker') json(404, { message: `No such image: ${name}` });
      else
        json(500, { cause: 'image not known', message: `${name}: image not known`, response: 500 });
    };
    if (line === 'POST /images/load?quiet=1') {
      contentTypes.push(request.headers['content-type']);
      const said = await load(request);
      response.writeHead(200);
      response.end(
        said.map((stream) => `${JSON.stringify({ stream: `${stream}\n` })}\r\n`).join(''),
      );
    } else if (url.pathname === '/images/json') {
      const { reference } = JSON.parse(url.searchParams.get('filters') ?? '{}') as {
        reference?: string[];
      };
      const [wanted = ''] = reference ?? [];
      const own = [...names].filter(([one]) => one.replace(/:[^:]*$/u, '') === called(wanted));
      json(
        200,
        own.map(([one, Id]) => ({ Id, RepoTags: [one] })),
      );
    } else if (url.pathname === '/images/get') {
      await save(
        response,
        url.searchParams.getAll('names').map((one) => [called(one), find(one)]),
      );
    } else if (url.pathname.endsWith('/json')) {
      const image = find(name);
      if (image === undefined) json(404, { message: `No such image: ${name}` });
      else json(200, { Id: image.id, RepoDigests: [], RootFS: { Layers: image.diffIds } });
    } else if (url.pathname.endsWith('/get')) {
      const image = find(name);
      if (image === undefined) missing();
      else await save(response, [[called(name), image]]);
    } else if (url.pathname.endsWith('/tag')) {
      const image = find(name);
      if (image === undefined) return missing();
      names.set(called(`${url.searchParams.get('repo')}:${url.searchParams.get('tag')}`), image.id);
      response.writeHead(201).end();
    } else {
      json(500, { message: `unexpected ${line}` });
    }
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const [, version, rest] = /^(?:\/v([\d.]+))?(\/.*)$/u.exec(path) ?? [];
    const line = `${request.method} ${rest}`;
    lines.push(line);
    if (version !== undefined) versions.add(version);
    const answer = async (): Promise<void> => {
      if ((await script?.(line, request, response)) === true) return;
      if (line === 'GET /_ping') {
        response.writeHead(200, apiVersion === null ? {} : { 'api-version': apiVersion }).end('OK');
      } else await respond(line, request, response);
    };
    answer().catch(() => response.destroy());
  });
  server.on('connection', (one: Socket) => {
    sockets.add(one);
    one.on('error', () => one.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const notes: string[] = [];
  return {
    lines,
    versions,
    names,
    contentTypes,
    context: {
      env: { DOCKER_HOST: `unix://${socket}` },
      home: undefined,
      os: 'linux',
      note: (text) => void notes.push(text),
      notes,
    },
    async [Symbol.asyncDispose]() {
      for (const one of sockets) one.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** As Docker 20 saves: layers uncompressed, in folders that do not say their digests. */
async function save(
  response: ServerResponse,
  images: readonly (readonly [name: string, image: LoadedImage | undefined])[],
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-tar' });
  const tar = pack();
  const written = new Set<string>();
  const add = (name: string, data: Buffer): void => {
    if (!written.has(name)) tar.entry({ name }, data);
    written.add(name);
  };
  const list = images.flatMap(([name, image]) => {
    if (image === undefined) return [];
    add(`${image.id.slice(7)}.json`, image.config);
    const Layers = image.layers.map((layer, i) => {
      const at = `${(image.diffIds[i] ?? '').slice(7, 39)}${'0'.repeat(32)}/layer.tar`;
      add(at, layer);
      return at;
    });
    return [{ Config: `${image.id.slice(7)}.json`, RepoTags: [name], Layers }];
  });
  add('manifest.json', Buffer.from(JSON.stringify(list)));
  tar.finalize();
  for await (const chunk of tar) response.write(chunk);
  response.end();
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { digestOf, isDigest } from '../../src/oci/digest.ts';
import { fullName, shortName } from '../../src/transports/docker-archive/name.ts';
import type { EngineContext } from '../../src/transports/types.ts';
import { tempDir } from './temp.ts';

interface LoadedImage {
  /** Digest of the configuration; of the manifest with containerd's image store. */
  readonly id: string;
  /** What it came in. */
  readonly archive: Buffer;
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
  /** Whose ways it has: Docker's, podman's service's, Docker's with containerd. Default: docker. */
  readonly kind?: 'docker' | 'podman' | 'containerd';
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
  const hasRegistry = (name: string): boolean => /^(?:[^/]*[.:][^/]*|localhost)\//u.test(name);
  /** podman keeps names in full; Docker shows them in short. */
  const called = (name: string): string => {
    if (kind !== 'podman') return isDigest(name) ? name : shortName(fullName(name) ?? name);
    return hasRegistry(name) ? name : `localhost/${name}`;
  };
  /** The names under which podman looks for a short one. */
  const sought = (name: string): readonly string[] =>
    kind === 'podman' && !hasRegistry(name)
      ? [`localhost/${name}`, fullName(name) ?? name]
      : [called(name)];
  const find = (name: string): LoadedImage | undefined =>
    images.get(name) ?? images.get(sought(name).flatMap((one) => names.get(one) ?? [])[0] ?? '');

  const load = async (request: IncomingMessage): Promise<string[]> => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const said: string[] = [];
    for (const { id, tags, ...image } of imagesIn(await membersOf(body), kind)) {
      images.set(id, { id, archive: body, ...image });
      for (const tag of tags) names.set(called(tag), id);
      if (tags.length === 0) said.push(`Loaded image ID: ${id}`);
      else if (kind === 'podman') said.push(`Loaded image: ${tags.map(called).join(',')}`);
      else said.push(...tags.map((tag) => `Loaded image: ${called(tag)}`));
    }
    return said;
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
      if (kind !== 'podman') json(404, { message: `No such image: ${name}` });
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
      const repositories = sought(wanted).map((one) => one.replace(/:latest$/u, ''));
      const own = [...names].filter(([one]) => repositories.includes(one.replace(/:[^:]*$/u, '')));
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
      else {
        const { id: Id, diffIds: Layers } = image;
        const Descriptor = kind === 'containerd' ? { digest: Id } : undefined;
        json(200, { Id, RepoDigests: [], RootFS: { Layers }, Descriptor });
      }
    } else if (url.pathname.endsWith('/get')) {
      const image = find(name);
      if (image === undefined) missing();
      // It holds the one image that a test loads.
      else if (kind === 'containerd') response.end(image.archive);
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

/** The regular files of a tar. */
async function membersOf(tar: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const members = new Map<string, Buffer>();
  const entries = extract();
  entries.end(tar);
  for await (const entry of entries)
    members.set(
      entry.header.name,
      Buffer.concat(await Array.fromAsync(entry as AsyncIterable<Buffer>)),
    );
  return members;
}

type Loaded = Omit<LoadedImage, 'archive'> & { readonly tags: readonly string[] };

/** containerd keeps the manifests of an OCI layout, and makes its own where there is none. */
function imagesIn(
  members: ReadonlyMap<string, Buffer>,
  kind: FakeEngineOptions['kind'],
): readonly Loaded[] {
  const jsonOf = (name: string): unknown => JSON.parse(members.get(name)?.toString() ?? 'null');
  const index = jsonOf('index.json') as { manifests: { digest: string }[] } | null;
  const saved = jsonOf('manifest.json') as {
    Config: string;
    RepoTags: string[] | null;
    Layers: string[];
  }[];
  return saved.map(({ Config, RepoTags, Layers }, i) => {
    const config = members.get(Config) ?? Buffer.alloc(0);
    const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
    const layers = Layers.map((name) => {
      const bytes = members.get(name) ?? Buffer.alloc(0);
      return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
    });
    const made = index?.manifests[i]?.digest ?? digestOf(Buffer.from(Layers.join()));
    const id = kind === 'containerd' ? made : digestOf(config);
    return { id, config, layers, diffIds: rootfs.diff_ids, tags: RepoTags ?? [] };
  });
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

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { dispatch } from '../../src/server/api/dispatch.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { RepositoryName, Tag } from '../../src/server/names.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { childrenOf } from '../../src/oci/manifest.ts';
import { isManifestType } from '../../src/oci/media-types.ts';
import type { TestImage, TestNode } from '../helpers/graphs.ts';

/** A registry in this process that counts what clients cost it. */
export interface LoadRegistry extends AsyncDisposable {
  readonly port: number;
  readonly host: string;
  /** Of all that is counted, from here. */
  reset(): void;
  /** Most connections that were open at once since `reset`. */
  peak(): number;
  open(): number;
  count(method: string, path: RegExp): number;
  /** Puts an image and all below it there, without a request. */
  put(repository: string, image: TestImage, tag?: string): Promise<void>;
  /** Tag to digest. */
  tags(repository: string): Promise<ReadonlyMap<string, string>>;
  /** Manifests and blobs that a tag of the repository needs and that are not there. */
  missing(repository: string, image: TestImage): Promise<readonly string[]>;
  referrers(repository: string, subject: TestNode): Promise<readonly string[]>;
}

interface Options {
  /** Asks for a Bearer token, which `/token` gives to ann with the password "secret". */
  readonly bearer?: boolean;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

export async function startLoadRegistry({ bearer = false }: Options = {}): Promise<LoadRegistry> {
  const storage = createMemoryStorage();
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  let peak = 0;
  const doorman = bearer ? tokenAsked() : () => false;
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`);
    if (!doorman(request, response)) void dispatch({ storage }, request, response);
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    peak = Math.max(peak, sockets.size);
    socket.once('close', () => sockets.delete(socket));
  });
  // Every loopback address is a host of its own.
  await new Promise<void>((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: `127.0.0.1:${port}`,
    reset() {
      lines.length = 0;
      peak = sockets.size;
    },
    peak: () => peak,
    open: () => sockets.size,
    count: (method, path) =>
      lines.filter((line) => line.startsWith(`${method} `) && path.test(line)).length,
    ...contentOf(storage),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function contentOf(storage: Storage): Pick<LoadRegistry, 'put' | 'tags' | 'missing' | 'referrers'> {
  const nameOf = (repository: string): RepositoryName => repository as RepositoryName;
  const putManifest = async (name: RepositoryName, node: TestNode, tag?: string) => {
    const { digest, mediaType } = node.descriptor;
    const subject = (
      JSON.parse(Buffer.from(node.data).toString()) as { subject?: TestNode['descriptor'] }
    ).subject?.digest;
    const tags = tag === undefined ? [] : [tag as Tag];
    await storage.manifests.put(name, { digest, mediaType, raw: node.data }, { subject, tags });
  };
  return {
    async put(repository, image, tag) {
      const name = nameOf(repository);
      for (const node of image.below) {
        const { digest, mediaType } = node.descriptor;
        if (isManifestType(mediaType)) {
          await putManifest(name, node);
        } else if ((await storage.blobs.size(name, digest)) === undefined) {
          const id = await storage.uploads.create(name);
          await storage.uploads.append(name, id, one(node.data));
          await storage.uploads.finish(name, id, digest);
        }
      }
      await putManifest(name, image, tag);
    },
    async tags(repository) {
      const name = nameOf(repository);
      const all = new Map<string, string>();
      for (const tag of await storage.manifests.tags(name))
        all.set(tag, (await storage.manifests.resolve(name, tag)) ?? '');
      return all;
    },
    async missing(repository, image) {
      const name = nameOf(repository);
      const wanted = [...image.below, image].map(({ descriptor }) => descriptor);
      const absent: string[] = [];
      for (const { digest, mediaType } of [...wanted, ...childrenOf(image.manifest)]) {
        const there = isManifestType(mediaType)
          ? await storage.manifests.has(name, digest)
          : (await storage.blobs.size(name, digest)) !== undefined;
        if (!there) absent.push(digest);
      }
      return absent;
    },
    referrers: (repository, { descriptor }) =>
      storage.manifests.referrers(nameOf(repository), descriptor.digest),
  };
}

async function* one(data: Uint8Array): AsyncIterable<Uint8Array> {
  yield data;
}

/** True when the request was answered here. */
function tokenAsked(): Answer {
  const given = new Set<string>();
  const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  return (request, response) => {
    const { authorization = '', host } = request.headers;
    if (request.url?.startsWith('/token') === true) {
      const token = randomUUID();
      if (authorization !== basic) response.writeHead(401).end();
      else response.end(JSON.stringify({ token: given.add(token) && token, expires_in: 3600 }));
      return true;
    }
    if (given.has(authorization.replace(/^Bearer /u, ''))) return false;
    request.resume();
    const scope = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//u.exec(request.url ?? '');
    const asked = scope === null ? '' : `,scope="repository:${scope[1]}:pull,push"`;
    const challenge = `Bearer realm="http://${host}/token",service="load"${asked}`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
    return true;
  };
}

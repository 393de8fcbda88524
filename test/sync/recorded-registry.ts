import type { Digest } from '../../src/oci/digest.ts';
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../../src/server/names.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { readVectors } from './vectors.ts';

/** A manifest of content.json. */
export interface ContentObject {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly body: string;
  readonly blobs?: readonly Digest[];
  readonly children?: readonly string[];
  readonly subject?: string;
}

export interface Content {
  readonly blobs: Readonly<Record<Digest, string>>;
  readonly objects: Readonly<Record<string, ContentObject>>;
}

/** Repository → tags by name of an object, and objects without one. */
export type Repositories = Readonly<
  Record<
    string,
    { readonly tags?: Readonly<Record<string, string>>; readonly untagged?: readonly string[] }
  >
>;

export interface RecordedRegistry extends AsyncDisposable {
  readonly server: RegistryServer;
  readonly storage: Storage;
  /** Requests so far, as "METHOD /path". */
  readonly requests: string[];
}

const USER = `Basic ${Buffer.from('sync:not-a-secret').toString('base64')}`;

export async function startRecorded(options: {
  readonly auth?: boolean;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}): Promise<RecordedRegistry> {
  const storage = createMemoryStorage();
  const requests: string[] = [];
  const server = await startRegistryServer({
    storage,
    tls: options.tls,
    onRequest: ({ method, url }) => requests.push(`${method} ${url}`),
    ...(options.auth === true
      ? {
          basicAuth: async (user: string, password: string) =>
            `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` === USER,
        }
      : {}),
  });
  return {
    server,
    storage,
    requests,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

export const CONTENT = readVectors('content.json') as Content;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Puts objects as a client would, children first. */
export async function seed(storage: Storage, repositories: Repositories): Promise<void> {
  for (const [name, { tags = {}, untagged = [] }] of Object.entries(repositories)) {
    if (!isRepositoryName(name)) throw new Error(`no repository: ${name}`);
    for (const [tag, object] of Object.entries(tags)) {
      if (!isTag(tag)) throw new Error(`no tag: ${tag}`);
      await put(storage, name, object, [tag]);
    }
    for (const object of untagged) await put(storage, name, object, []);
  }
}

async function put(
  storage: Storage,
  repository: RepositoryName,
  name: string,
  tags: readonly Tag[],
): Promise<void> {
  const object = CONTENT.objects[name];
  if (object === undefined) throw new Error(`no object: ${name}`);
  for (const child of object.children ?? []) await put(storage, repository, child, []);
  for (const digest of object.blobs ?? []) {
    const content = CONTENT.blobs[digest];
    // Foreign layers are nowhere.
    if (content === undefined) continue;
    const id = await storage.uploads.create(repository);
    await storage.uploads.append(repository, id, once(Buffer.from(content, 'base64')));
    await storage.uploads.finish(repository, id, digest);
  }
  const { digest, mediaType, body, subject } = object;
  const links = {
    tags,
    subject: subject === undefined ? undefined : CONTENT.objects[subject]?.digest,
  };
  await storage.manifests.put(
    repository,
    { digest, mediaType, raw: new TextEncoder().encode(body) },
    links,
  );
}

/** What is there: tags with their digests, by repository. */
export async function contentsOf(
  storage: Storage,
): Promise<Record<string, { tags: Record<string, Digest>; manifests: Set<Digest> }>> {
  const all: Record<string, { tags: Record<string, Digest>; manifests: Set<Digest> }> = {};
  for (const repository of await storage.repositories()) {
    const tags: Record<string, Digest> = {};
    for (const tag of await storage.manifests.tags(repository)) {
      const digest = await storage.manifests.resolve(repository, tag);
      if (digest !== undefined) tags[tag] = digest;
    }
    const listed = await storage.manifests.list(repository);
    const manifests = new Set(listed.map(({ digest }) => digest));
    if (manifests.size > 0) all[repository] = { tags, manifests };
  }
  return all;
}

export function digestOfName(name: string): string {
  return CONTENT.objects[name]?.digest ?? name;
}

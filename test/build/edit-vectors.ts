import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isManifestType } from '../../src/oci/media-types.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import type { RequestEntry } from '../../src/server/api/dispatch.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';

const FOLDER = join(import.meta.dirname, '../vectors/edit');

export type Json = Readonly<Record<string, unknown>>;

/** What another program did, and what regctl must do (test/vectors/edit/README.md). */
export interface Operation {
  readonly id: string;
  readonly program: string;
  readonly theirs: readonly string[];
  /** The arguments, with HOST and DIGEST(image:tag). */
  readonly regctl: string;
  readonly expected: {
    readonly as: string;
    readonly ignore?: readonly string[];
    readonly exit?: number;
    readonly why?: string;
    readonly config?: Json;
    readonly children?: string | readonly string[];
    readonly leftOut?: string;
    readonly platforms?: readonly string[];
    readonly like?: string;
    readonly indexAnnotations?: Json;
    readonly manifestAnnotations?: Json;
    readonly append?: readonly string[];
  };
  readonly result?: {
    readonly digest: string;
    readonly manifests: Readonly<Record<string, string>>;
    readonly configs: Readonly<Record<string, string>>;
  };
}

export async function readOperations(): Promise<readonly Operation[]> {
  const text = await readFile(join(FOLDER, 'operations.json'), 'utf8');
  return JSON.parse(text) as Operation[];
}

/** Where `layers/one.tar` lies. */
export const VECTORS: string = FOLDER;

/** The images of the vectors by digest, and their tags: "plain:latest". */
export interface Images {
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly tags: ReadonlyMap<string, Descriptor>;
}

export async function readImages(): Promise<Images> {
  const blobs = new Map<string, Uint8Array>();
  const tags = new Map<string, Descriptor>();
  const root = join(FOLDER, 'images');
  for (const name of await readdir(root)) {
    const folder = join(root, name, 'blobs/sha256');
    for (const hex of await readdir(folder))
      blobs.set(`sha256:${hex}`, await readFile(join(folder, hex)));
    const index = JSON.parse(await readFile(join(root, name, 'index.json'), 'utf8')) as {
      manifests: Descriptor[];
    };
    for (const entry of index.manifests) {
      const tag = entry.annotations?.['org.opencontainers.image.ref.name'];
      if (tag !== undefined) tags.set(`${name}:${tag}`, entry);
    }
  }
  return { blobs, tags };
}

/** A registry in memory with images of the vectors, as HOST/NAME. */
export async function startVectorRegistry(
  images: Images,
  options: {
    /** Default: all. */
    readonly names?: readonly string[];
    readonly onRequest?: (entry: RequestEntry) => void;
  } = {},
): Promise<RegistryServer> {
  const { names, onRequest } = options;
  const storage = createMemoryStorage();
  const server = await startRegistryServer({ storage, onRequest });
  for (const [name, root] of images.tags) {
    const [repository = ''] = name.split(':');
    if (names?.includes(repository) ?? true) await putImage(server.url, images, name, root);
  }
  return server;
}

async function putImage(
  url: URL,
  { blobs }: Images,
  name: string,
  root: Descriptor,
): Promise<void> {
  const [repository = '', tag = ''] = name.split(':');
  const put = async (descriptor: Descriptor, ref: string): Promise<void> => {
    const bytes = blobs.get(descriptor.digest);
    // One image lacks a layer on purpose.
    if (bytes === undefined) return;
    if (!isManifestType(descriptor.mediaType)) {
      const query = `digest=${encodeURIComponent(descriptor.digest)}`;
      await send(new URL(`/v2/${repository}/blobs/uploads/?${query}`, url), 'POST', bytes);
      return;
    }
    const json = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    const list = (json['manifests'] ?? [
      json['config'],
      ...((json['layers'] ?? []) as unknown[]),
    ]) as Descriptor[];
    for (const child of list) await put(child, child.digest);
    const target = new URL(`/v2/${repository}/manifests/${ref}`, url);
    await send(target, 'PUT', bytes, descriptor.mediaType);
  };
  await put(root, tag);
}

async function send(url: URL, method: string, body: Uint8Array, type?: string): Promise<void> {
  const headers = { 'content-type': type ?? 'application/octet-stream' };
  const answer = await fetch(url, { method, body: Buffer.from(body), headers });
  if (answer.status !== 201)
    throw new Error(`${url.href}: ${answer.status} ${await answer.text()}`);
}

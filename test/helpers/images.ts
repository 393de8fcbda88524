import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, hexOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import type { Platform } from '../../src/oci/platform.ts';
import type { RepositoryName, Tag } from '../../src/server/names.ts';
import type { Storage } from '../../src/server/storage/types.ts';
import { bytesOf } from '../../src/util/bytes.ts';

export type Flavour = 'oci' | 'docker';

/** A whole image in memory: its root and every node by digest. */
export interface TestImage {
  readonly root: Descriptor;
  readonly nodes: ReadonlyMap<
    Digest,
    { readonly descriptor: Descriptor; readonly bytes: Uint8Array }
  >;
}

const TYPES = {
  oci: {
    index: MEDIA_TYPE.ociIndex,
    manifest: MEDIA_TYPE.ociManifest,
    config: MEDIA_TYPE.ociConfig,
    layer: MEDIA_TYPE.ociLayerGzip,
  },
  docker: {
    index: MEDIA_TYPE.dockerList,
    manifest: MEDIA_TYPE.dockerManifest,
    config: MEDIA_TYPE.dockerConfig,
    layer: MEDIA_TYPE.dockerLayerGzip,
  },
} as const;

/** A tar with one file of random bytes, so that every layer is its own, and more files. */
async function layerTar(
  name: string,
  size: number,
  files: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const tar = pack();
  for (const [path, text] of Object.entries(files))
    tar.entry({ name: path, mtime: new Date(0) }, text);
  tar.entry({ name, mtime: new Date(0) }, randomBytes(size));
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
}

/** A single-platform image with `layers` gzip layers of about `layerSize` bytes. */
export async function makeImage(
  options: {
    flavour?: Flavour;
    layers?: number;
    layerSize?: number;
    platform?: Platform;
    labels?: Record<string, string>;
    /** RFC 3339. */
    created?: string;
    subject?: Descriptor;
    /** Texts of files in the first layer. */
    files?: Readonly<Record<string, string>>;
    /** Members of the configuration that replace those of the usual one. */
    config?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<TestImage> {
  const types = TYPES[options.flavour ?? 'oci'];
  const platform = options.platform ?? { os: 'linux', architecture: 'amd64' };
  const nodes = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    nodes.set(descriptor.digest, { descriptor, bytes });
    return descriptor;
  };
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (let i = 0; i < (options.layers ?? 2); i += 1) {
    const files = i === 0 ? options.files : {};
    const tar = await layerTar(`file-${i}`, options.layerSize ?? 512, files);
    diffIds.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
    // Large ones are random bytes all but for a header, so that compressing them is only slow.
    const level = tar.byteLength > 1 << 20 ? 0 : 1;
    layers.push(add(types.layer, gzipSync(tar, { level })));
  }
  const config = add(
    types.config,
    json({
      created: options.created ?? '2026-01-02T03:04:05Z',
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      config: {
        Env: ['PATH=/bin'],
        Cmd: ['/bin/hello'],
        Labels: options.labels ?? { made: 'by-test' },
      },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: diffIds.map((_, i) => ({
        created: '2026-01-02T03:04:05Z',
        created_by: `ADD file-${i}`,
      })),
      ...options.config,
    }),
  );
  const manifest = add(
    types.manifest,
    json({
      schemaVersion: 2,
      mediaType: types.manifest,
      config,
      layers,
      ...(options.subject === undefined ? {} : { subject: options.subject }),
    }),
  );
  return { root: manifest, nodes };
}

export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
];

/** An index of one image per platform. */
export async function makeIndex(
  options: {
    flavour?: Flavour;
    platforms?: readonly Platform[];
    layers?: number;
    layerSize?: number;
    files?: Readonly<Record<string, string>>;
    /** RFC 3339. */
    created?: string;
  } = {},
): Promise<TestImage> {
  const types = TYPES[options.flavour ?? 'oci'];
  const nodes = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const manifests: Descriptor[] = [];
  for (const platform of options.platforms ?? PLATFORMS) {
    const image = await makeImage({ ...options, platform });
    for (const [digest, node] of image.nodes) nodes.set(digest, node);
    manifests.push({ ...image.root, platform });
  }
  const bytes = json({ schemaVersion: 2, mediaType: types.index, manifests });
  const root = { mediaType: types.index, digest: digestOf(bytes), size: bytes.byteLength };
  nodes.set(root.digest, { descriptor: root, bytes });
  return { root, nodes };
}

/** Writes an OCI layout by hand, independent of the code under test. */
export async function writeLayout(
  dir: string,
  images: Readonly<Record<string, TestImage>>,
): Promise<void> {
  await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = [];
  for (const [tag, image] of Object.entries(images)) {
    for (const [digest, node] of image.nodes) {
      await writeFile(join(dir, 'blobs', 'sha256', hexOf(digest)), node.bytes);
    }
    manifests.push({ ...image.root, annotations: { 'org.opencontainers.image.ref.name': tag } });
  }
  await writeFile(join(dir, 'index.json'), json({ schemaVersion: 2, manifests }));
}

const isManifest = (type: string): boolean => type.includes('manifest') || type.includes('index');

/** Puts an image straight into the storage of an embedded registry: far cheaper than a push. */
export async function storeImage(
  storage: Storage,
  repository: string,
  tags: readonly string[],
  image: TestImage,
): Promise<void> {
  const name = repository as RepositoryName;
  for (const { descriptor, bytes: raw } of image.nodes.values()) {
    const { digest, mediaType } = descriptor;
    if (isManifest(mediaType)) {
      const links = { tags: digest === image.root.digest ? (tags as readonly Tag[]) : [] };
      await storage.manifests.put(name, { digest, mediaType, raw }, links);
      continue;
    }
    const id = await storage.uploads.create(name);
    await storage.uploads.append(name, id, bytesOf(raw));
    await storage.uploads.finish(name, id, digest);
  }
}

/** Pushes with plain requests, independent of the code under test. `base`: "http://127.0.0.1:5000". */
export async function pushImage(
  base: string,
  repository: string,
  tags: readonly string[],
  image: TestImage,
  headers: Record<string, string> = {},
): Promise<void> {
  const expect = async (response: Response, what: string): Promise<void> => {
    if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  };
  // Nodes are in child-first order by construction.
  for (const { descriptor, bytes } of image.nodes.values()) {
    if (isManifest(descriptor.mediaType)) {
      const refs = descriptor.digest === image.root.digest ? tags : [descriptor.digest];
      for (const ref of refs) {
        const response = await fetch(`${base}/v2/${repository}/manifests/${ref}`, {
          method: 'PUT',
          headers: { ...headers, 'content-type': descriptor.mediaType },
          body: bytes as Uint8Array<ArrayBuffer>,
        });
        await expect(response, `PUT manifest ${ref}`);
      }
      continue;
    }
    const open = await fetch(`${base}/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      headers,
    });
    await expect(open, 'POST upload');
    const location = new URL(open.headers.get('location') ?? '', base);
    location.searchParams.set('digest', descriptor.digest);
    const put = await fetch(location, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
    await expect(put, 'PUT blob');
  }
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

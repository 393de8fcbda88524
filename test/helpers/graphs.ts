import { describeManifest, parseManifest, type Manifest } from '../../src/oci/manifest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';

export interface TestNode {
  readonly descriptor: Descriptor;
  readonly data: Uint8Array;
}

export interface TestImage extends TestNode {
  readonly manifest: Manifest;
  /** The nodes it needs, deepest first, without itself; each once. */
  readonly below: readonly TestNode[];
}

const utf8 = new TextEncoder();

export function blob(
  content: string | Uint8Array,
  mediaType: string = MEDIA_TYPE.ociLayerGzip,
): TestNode {
  const data = typeof content === 'string' ? utf8.encode(content) : content;
  return { descriptor: { mediaType, digest: digestOf(data), size: data.byteLength }, data };
}

export interface ImageParts {
  readonly config?: TestNode;
  readonly layers?: readonly TestNode[];
  /** Descriptors that have no content: foreign layers. */
  readonly foreign?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function configFor(architecture: string, os = 'linux', variant?: string): TestNode {
  return blob(JSON.stringify({ architecture, os, variant }), MEDIA_TYPE.ociConfig);
}

export function image(parts: ImageParts = {}): TestImage {
  const { config = configFor('amd64'), layers = [], foreign = [], ...rest } = parts;
  const body = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: config.descriptor,
    layers: [...layers.map((layer) => layer.descriptor), ...foreign],
    ...rest,
  };
  return finish(body, [config, ...layers]);
}

export function index(
  children: readonly TestImage[],
  platforms: readonly (Descriptor['platform'] | undefined)[] = [],
): TestImage {
  const manifests = children.map(({ descriptor }, i) => ({
    ...descriptor,
    ...(platforms[i] === undefined ? {} : { platform: platforms[i] }),
  }));
  return finish({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }, children);
}

function finish(body: unknown, children: readonly (TestNode | TestImage)[]): TestImage {
  const data = utf8.encode(JSON.stringify(body));
  const manifest = parseManifest(data);
  const below = new Map<string, TestNode>();
  for (const child of children) {
    if ('below' in child) for (const node of child.below) below.set(node.descriptor.digest, node);
    below.set(child.descriptor.digest, { descriptor: child.descriptor, data: child.data });
  }
  return { descriptor: describeManifest(manifest), data, manifest, below: [...below.values()] };
}

/** Writes an image and all below it. */
export async function store(into: WriteStore, root: TestImage, tag?: string): Promise<void> {
  for (const node of root.below) await into.push(sourceFromBytes(node.descriptor, node.data));
  await into.push(sourceFromBytes(root.descriptor, root.data), { tag });
  await into.commit();
}

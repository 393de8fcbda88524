import { createConvertedStore } from '../../../src/image/convert/store.ts';
import type { ConvertOptions } from '../../../src/image/convert/types.ts';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ReadStore, WriteStore } from '../../../src/store/types.ts';
import { fetchAll, sourceFromBytes } from '../../../src/store/verify.ts';
import type { TestImage } from '../../helpers/images.ts';

/** A memory store with the image under the tag `v1`. */
export async function storeOf(image: TestImage): Promise<WriteStore> {
  const store = createMemoryStore();
  for (const { descriptor, bytes } of image.nodes.values()) {
    const tag = descriptor.digest === image.root.digest ? 'v1' : undefined;
    await store.push(sourceFromBytes(descriptor, bytes), { tag });
  }
  return store;
}

export interface ConvertedImage {
  readonly store: ReadStore;
  readonly root: Descriptor;
  readonly body: Body;
  readonly warnings: readonly string[];
}

/** Manifest JSON as a test reads it. */
export interface Body {
  readonly mediaType?: string;
  readonly config: Entry;
  readonly layers: readonly Entry[];
  readonly manifests: readonly Entry[];
  readonly annotations?: unknown;
}

export interface Entry extends Descriptor {
  readonly data?: string;
}

/** The conversion of `v1`. */
export async function convertV1(
  source: ReadStore,
  options: Omit<ConvertOptions, 'warn' | 'tempDir'> & { readonly tempDir?: string },
): Promise<ConvertedImage> {
  const warnings: string[] = [];
  const store = createConvertedStore(source, {
    // Never made: only compressed layers need it.
    tempDir: '/nonexistent',
    ...options,
    warn: (text) => warnings.push(text),
  });
  const root = await store.resolve('v1');
  return { store, root, body: await bodyOf(store, root), warnings };
}

export async function bodyOf(store: ReadStore, descriptor: Descriptor): Promise<Body> {
  const bytes = await fetchAll(store, descriptor);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Body;
}

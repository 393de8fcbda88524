import { readFileSync } from 'node:fs';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parseDigest, type Digest } from '../../src/oci/digest.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { sourceFromBytes } from '../../src/store/verify.ts';
import { describeManifest } from '../../src/oci/manifest.ts';

export interface Scene {
  readonly id: string;
  readonly root: { readonly digest: string; readonly mediaType: string; readonly size: number };
  /** Tags, also cosign's for a digest. */
  readonly tags: Readonly<Record<string, string>>;
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string }[];
  readonly blobs: readonly string[];
  /** Fallback tag → digest of the index that cosign wrote there: without annotations. */
  readonly fallback: Readonly<Record<string, string>>;
  /** Subject → what the referrers API lists. */
  readonly api: Readonly<Record<string, readonly Descriptor[]>>;
}

interface Scenes {
  readonly scenes: readonly Scene[];
  readonly contents: Readonly<Record<string, string | { readonly base64: string }>>;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/artifacts/scenes.json', import.meta.url), 'utf8'),
) as Scenes;

export function scene(id: string): Scene {
  const found = vectors.scenes.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no scene ${id}`);
  return found;
}

export function contentOf(digest: string): Uint8Array {
  const content = vectors.contents[digest];
  if (content === undefined) throw new Error(`no content ${digest}`);
  return Buffer.from(
    typeof content === 'string' ? content : content.base64,
    typeof content === 'string' ? 'utf8' : 'base64',
  );
}

/** A scene in memory, as a registry with the referrers API or with fallback tags lists it. */
export async function sceneStore(
  { manifests, blobs, tags, fallback, api }: Scene,
  view: 'api' | 'fallback',
): Promise<WriteStore> {
  const memory = createMemoryStore('scene');
  for (const digest of blobs) {
    const data = contentOf(digest);
    const descriptor = {
      mediaType: 'application/octet-stream',
      digest: parseDigest(digest),
      size: data.byteLength,
    };
    await memory.push(sourceFromBytes(descriptor, data));
  }
  const byDigest = new Map<string, Descriptor>();
  for (const { digest, mediaType } of manifests) {
    const data = contentOf(digest);
    const descriptor = describeManifest(parseManifest(data, mediaType));
    byDigest.set(digest, descriptor);
    await memory.push(sourceFromBytes(descriptor, data));
  }
  const shown = view === 'fallback' ? { ...tags, ...fallback } : tags;
  for (const [tag, digest] of Object.entries(shown)) {
    const descriptor = byDigest.get(digest);
    if (descriptor !== undefined) await memory.tag(descriptor, tag);
  }
  const listed = (digest: Digest): readonly Descriptor[] => {
    if (view === 'api') return api[digest] ?? [];
    const index = fallback[digest.replace(':', '-')];
    if (index === undefined) return [];
    const manifest = parseManifest(contentOf(index));
    return manifest.kind === 'index' ? manifest.manifests : [];
  };
  const referrers = {
    async *referrers(digest: Digest) {
      yield* listed(digest);
    },
  };
  return { ...memory, capabilities: { ...memory.capabilities, referrers } };
}

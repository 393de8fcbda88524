import { AppError } from '../../src/errors/app-error.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import type { Digest } from '../../src/oci/digest.ts';
import type { ListedManifest, ReadStore } from '../../src/store/types.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import type { VectorRepository } from './vectors.ts';

/** What was deleted; the store itself goes on as before. */
export interface Removed {
  readonly manifests: Digest[];
  readonly tags: string[];
}

export const noted = (): Removed => ({ manifests: [], tags: [] });

/** A repository of the vectors as the registry that the case describes would answer. */
export function vectorStore(repo: VectorRepository, gone: Removed = noted()): ReadStore {
  const label = `REGISTRY/${repo.repository}`;
  const utf8 = new TextEncoder();
  const find = (digest: Digest): { readonly descriptor: Descriptor; readonly raw: Uint8Array } => {
    const one = repo.manifests[digest];
    if (one?.status !== undefined) {
      throw new AppError(one.status === 403 ? 'FORBIDDEN' : 'REGISTRY_ERROR', `${one.status}`);
    }
    if (one?.text === undefined) throw new AppError('MANIFEST_UNKNOWN', `${label}: ${digest}`);
    const raw = utf8.encode(one.text);
    return { descriptor: { mediaType: one.type, digest, size: raw.byteLength }, raw };
  };
  const digests = Object.keys(repo.manifests) as Digest[];
  const tagPushed = Object.entries(repo.tagPushed ?? {});
  const manifests = async function* (): AsyncGenerator<ListedManifest> {
    for (const digest of digests) {
      const own = tagPushed.filter(([tag]) => repo.tags[tag] === digest);
      const { pushed } = repo.manifests[digest] ?? {};
      yield { descriptor: find(digest).descriptor, pushed, tagPushed: new Map(own) };
    }
  };
  return {
    label,
    capabilities: {
      tags: {
        async *tags() {
          yield Object.keys(repo.tags);
        },
      },
      referrers: {
        async *referrers(digest) {
          for (const one of digests) {
            const body = JSON.parse(repo.manifests[one]?.text ?? '{}') as {
              subject?: { digest: Digest };
            };
            if (body.subject?.digest === digest) yield find(one).descriptor;
          }
        },
      },
      remove: {
        async removeManifest(digest) {
          find(digest);
          gone.manifests.push(digest);
        },
        async untag(tag) {
          if (!repo.registry.untag) throw new AppError('UNTAG_UNSUPPORTED', 'cannot');
          gone.tags.push(tag);
        },
      },
      ...(repo.registry.list ? { inventory: { manifests } } : {}),
      times: {
        pushed: (digest) => repo.manifests[digest]?.pushed ?? repo.manifests[digest]?.lastModified,
      },
    },
    async resolve(ref) {
      const digest = ref?.includes(':') === true ? ref : repo.tags[ref ?? ''];
      return find((digest ?? '') as Digest).descriptor;
    },
    has: async ({ digest }) => repo.manifests[digest] !== undefined,
    async fetch({ digest }) {
      const blob = repo.blobs[digest];
      return bytesOf(blob === undefined ? find(digest).raw : utf8.encode(blob));
    },
    async [Symbol.asyncDispose]() {},
  };
}

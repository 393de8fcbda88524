import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '../../util/json.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { concat } from '../../util/bytes.ts';
import { digestsBelow } from './adopt.ts';
import { DamagedContentError } from './damage.ts';
import {
  decodeTag,
  ifExists,
  inFolder,
  removeEmptyFolders,
  removeFile,
  type DiskPaths,
} from './disk-paths.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { renewedAt, type Renew } from './renewal.ts';
import type { ListedDigest, ManifestStorage, StoredManifest } from './types.ts';

const NEWLINE = 0x0a;

/** First line of a manifest's file, as JSON. The raw bytes follow: one atomic write for both. */
interface Head {
  readonly mediaType: string;
  readonly subject?: Digest | undefined;
}

export interface DiskManifestsOptions {
  readonly paths: DiskPaths;
  readonly locked: KeyedLock;
  readonly renew: Renew;
}

/** Serializes the writes of each repository, so that a tag never outlives its manifest. */
export function diskManifests({ paths, locked, renew }: DiskManifestsOptions): ManifestStorage {
  const pathOf = (name: RepositoryName, digest: Digest): string =>
    paths.content(name, '_manifests', digest);
  const discard = async (path: string): Promise<boolean> => {
    const removed = await removeFile(path);
    await removeEmptyFolders(dirname(path), paths.root);
    return removed;
  };
  const tags = async (name: RepositoryName): Promise<readonly Tag[]> => {
    const files = (await ifExists(readdir(paths.kind(name, '_tags')))) ?? [];
    return files
      .map(decodeTag)
      .filter((tag) => tag !== undefined)
      .sort();
  };
  const resolve = async (name: RepositoryName, tag: Tag): Promise<Digest | undefined> => {
    const text = await ifExists(readFile(paths.tag(name, tag), 'utf8'));
    return text !== undefined && isDigest(text) ? text : undefined;
  };

  const remove = async (name: RepositoryName, digest: Digest): Promise<boolean> => {
    const data = await ifExists(readFile(pathOf(name, digest)));
    if (data === undefined) return false;
    const { subject } = headOf(data) ?? {};
    for (const tag of await tags(name)) {
      if ((await resolve(name, tag)) === digest) await discard(paths.tag(name, tag));
    }
    if (subject !== undefined) await discard(paths.referrer(name, subject, digest));
    return discard(pathOf(name, digest));
  };

  return {
    async get(name, digest) {
      const data = await ifExists(readFile(pathOf(name, digest)));
      return data === undefined ? undefined : decode(data, digest);
    },
    async has(name, digest) {
      return (await ifExists(stat(pathOf(name, digest)))) !== undefined;
    },
    renew: (name, digest) => locked(name, () => renew(pathOf(name, digest))),
    put: (name, manifest, links) =>
      locked(name, async () => {
        await writeFile(pathOf(name, manifest.digest), encode(manifest, links.subject));
        if (links.subject !== undefined) {
          await writeFile(paths.referrer(name, links.subject, manifest.digest), '');
        }
        for (const tag of links.tags) await writeFile(paths.tag(name, tag), manifest.digest);
      }),
    remove: (name, digest) => locked(name, () => remove(name, digest)),
    removeChosen: (name, choose) =>
      locked(name, async () => {
        for (const digest of await choose()) await remove(name, digest);
      }),
    resolve,
    untag: (name, tag) => locked(name, () => discard(paths.tag(name, tag))),
    async list(name) {
      const found: ListedDigest[] = [];
      for (const digest of await digestsBelow(paths.kind(name, '_manifests'))) {
        const at = await ifExists(stat(pathOf(name, digest)));
        if (at === undefined) continue;
        found.push({ digest, pushed: at.mtime, renewed: renewedAt(at) });
      }
      return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
    tags,
    async referrers(name, digest) {
      const files = (await ifExists(readdir(paths.referrers(name, digest)))) ?? [];
      return files
        .map((file) => file.replace('-', ':'))
        .filter((text) => isDigest(text))
        .sort();
    },
  };
}

async function writeFile(path: string, data: Uint8Array | string): Promise<void> {
  await inFolder(dirname(path), () => writeFileAtomic(path, data));
}

function encode(manifest: StoredManifest, subject: Digest | undefined): Uint8Array {
  const head: Head = { mediaType: manifest.mediaType, subject };
  const line = Buffer.from(`${JSON.stringify(head)}\n`);
  return concat([line, manifest.raw], line.byteLength + manifest.raw.byteLength);
}

/** @throws DamagedContentError */
function decode(data: Buffer, digest: Digest): StoredManifest {
  const head = headOf(data);
  const raw = data.subarray(data.indexOf(NEWLINE) + 1);
  if (head === undefined || digestOf(raw, algorithmOf(digest)) !== digest) {
    throw new DamagedContentError('manifest', digest);
  }
  return { digest, mediaType: head.mediaType, raw };
}

/** `undefined` if the head is damaged. */
function headOf(data: Buffer): Head | undefined {
  let head: unknown;
  try {
    head = JSON.parse(data.toString('utf8', 0, Math.max(data.indexOf(NEWLINE), 0)));
  } catch {
    return undefined;
  }
  const { mediaType, subject } = isRecord(head) ? head : {};
  if (typeof mediaType !== 'string') return undefined;
  return {
    mediaType,
    subject: typeof subject === 'string' && isDigest(subject) ? subject : undefined,
  };
}

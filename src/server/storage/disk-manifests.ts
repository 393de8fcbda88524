import { readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '../../util/json.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { concat } from '../../util/bytes.ts';
import { decodeTag, removeFile, ifExists, type DiskPaths } from './disk-paths.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { RepositoryName, Tag } from '../names.ts';
import type { ListedDigest, ManifestStorage, StoredManifest } from './types.ts';
import { makeFolder } from '../../util/make-folder.ts';

/** First line of a manifest's file, as JSON; the raw bytes follow, so that both are one atomic write. */
interface Head {
  readonly mediaType: string;
  readonly subject?: Digest | undefined;
}

/** Writes of one repository run one after the other, so that a tag never outlives its manifest. */
export function diskManifests(paths: DiskPaths, locked: KeyedLock): ManifestStorage {
  const pathOf = (name: RepositoryName, digest: Digest): string =>
    paths.content(name, '_manifests', digest);
  const load = async (name: RepositoryName, digest: Digest): Promise<Loaded | undefined> => {
    const data = await ifExists(readFile(pathOf(name, digest)));
    return data === undefined ? undefined : decode(data, digest);
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

  return {
    async get(name, digest) {
      return (await load(name, digest))?.manifest;
    },
    async has(name, digest) {
      return (await ifExists(stat(pathOf(name, digest)))) !== undefined;
    },
    put: (name, manifest, links) =>
      locked(name, async () => {
        await writeFile(pathOf(name, manifest.digest), encode(manifest, links.subject));
        if (links.subject !== undefined) {
          await writeFile(paths.referrer(name, links.subject, manifest.digest), '');
        }
        for (const tag of links.tags) await writeFile(paths.tag(name, tag), manifest.digest);
      }),
    remove: (name, digest) =>
      locked(name, async () => {
        const found = await load(name, digest);
        if (found === undefined) return false;
        for (const tag of await tags(name)) {
          if ((await resolve(name, tag)) === digest) await removeFile(paths.tag(name, tag));
        }
        if (found.head.subject !== undefined) await unlist(paths, name, found.head.subject, digest);
        return removeFile(pathOf(name, digest));
      }),
    resolve,
    untag: (name, tag) => locked(name, () => removeFile(paths.tag(name, tag))),
    async list(name) {
      const found: ListedDigest[] = [];
      for (const algorithm of ['sha256', 'sha512']) {
        const folder = dirname(pathOf(name, `${algorithm}:0` as Digest));
        for (const file of (await ifExists(readdir(folder))) ?? []) {
          const digest = `${algorithm}:${file}`;
          const path = isDigest(digest) ? pathOf(name, digest) : undefined;
          const at = path === undefined ? undefined : await ifExists(stat(path));
          if (at !== undefined) found.push({ digest: digest as Digest, pushed: at.mtime });
        }
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

async function unlist(
  paths: DiskPaths,
  name: RepositoryName,
  subject: Digest,
  digest: Digest,
): Promise<void> {
  await removeFile(paths.referrer(name, subject, digest));
  try {
    await rmdir(paths.referrers(name, subject));
  } catch {
    // Other referrers are still listed there.
  }
}

async function writeFile(path: string, data: Uint8Array | string): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomic(path, data);
}

function encode(manifest: StoredManifest, subject: Digest | undefined): Uint8Array {
  const head: Head = { mediaType: manifest.mediaType, subject };
  const line = Buffer.from(`${JSON.stringify(head)}\n`);
  return concat([line, manifest.raw], line.byteLength + manifest.raw.byteLength);
}

interface Loaded {
  readonly head: Head;
  readonly manifest: StoredManifest;
}

function decode(data: Buffer, digest: Digest): Loaded {
  const end = data.indexOf(0x0a);
  const head: unknown = JSON.parse(data.toString('utf8', 0, Math.max(end, 0)));
  const mediaType = isRecord(head) ? head['mediaType'] : undefined;
  const subject = isRecord(head) ? head['subject'] : undefined;
  if (typeof mediaType !== 'string') throw new Error(`the stored manifest ${digest} is damaged`);
  return {
    head: {
      mediaType,
      subject: typeof subject === 'string' && isDigest(subject) ? subject : undefined,
    },
    manifest: { digest, mediaType, raw: data.subarray(end + 1) },
  };
}

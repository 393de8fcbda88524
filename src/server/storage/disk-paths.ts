import { renamePatiently } from '../../util/atomic-file.ts';
import { errnoOf } from '../../util/errno.ts';
import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { makeFolder } from '../../util/make-folder.ts';

/**
 * Paths below the storage's directory. The names of kinds start with "_", which no component of a
 * repository name may, so the directory of `a/b` can be inside that of `a`.
 */
export interface DiskPaths {
  readonly root: string;
  repository(name: RepositoryName): string;
  kind(name: RepositoryName, kind: Kind): string;
  /** The directory of `blob`. */
  readonly blobs: string;
  /** The blob's file, shared by all repositories that link to it. */
  blob(digest: Digest): string;
  /** `_links`: an empty file for each blob. `_blobs`: the blob itself, in layout 1. */
  content(name: RepositoryName, kind: '_links' | '_blobs' | '_manifests', digest: Digest): string;
  referrers(name: RepositoryName, subject: Digest): string;
  referrer(name: RepositoryName, subject: Digest, digest: Digest): string;
  tag(name: RepositoryName, tag: Tag): string;
  /** @throws Error when `id` is not a UUID */
  upload(name: RepositoryName, id: string): string;
}

export type Kind = '_links' | '_blobs' | '_manifests' | '_tags' | '_referrers' | '_uploads';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

export function isUploadId(text: string): boolean {
  return UUID.test(text);
}

export function diskPaths(directory: string): DiskPaths {
  const root = join(directory, 'repositories');
  const blobs = join(directory, 'blobs');
  const repository = (name: RepositoryName): string =>
    join(root, ...name.split('/').map(encodePart));
  const kind = (name: RepositoryName, one: Kind): string => join(repository(name), one);
  const referrers = (name: RepositoryName, subject: Digest): string =>
    join(kind(name, '_referrers'), algorithmOf(subject), hexOf(subject));
  return {
    root,
    repository,
    kind,
    blobs,
    blob: (digest) => join(blobs, algorithmOf(digest), hexOf(digest)),
    content: (name, one, digest) => join(kind(name, one), algorithmOf(digest), hexOf(digest)),
    referrers,
    referrer: (name, subject, digest) =>
      join(referrers(name, subject), `${algorithmOf(digest)}-${hexOf(digest)}`),
    tag: (name, tag) => join(kind(name, '_tags'), encodeTag(tag)),
    upload(name, id) {
      if (!isUploadId(id)) throw new Error('an upload identifier is a UUID');
      return join(kind(name, '_uploads'), id);
    },
  };
}

const MAX_FOLDER_TRIES = 10;

/** Names that Windows reserves for devices, with any extension. */
const RESERVED = /^(?:aux|con|nul|prn|com[0-9]|lpt[0-9])(?:\.|$)/u;

/** Directory name of a repository component; no component starts with the prefix "~". */
export function encodePart(part: string): string {
  return RESERVED.test(part) ? `~${part}` : part;
}

export function decodePart(directory: string): string {
  return directory.replace(/^~/u, '');
}

/**
 * A file name for a tag that is safe on file systems that ignore case or reserve names: the tag in
 * lower case, then a hexadecimal bit mask of the positions that are upper case.
 */
export function encodeTag(tag: Tag): string {
  let mask = 0n;
  for (let i = 0; i < tag.length; i += 1) if (/[A-Z]/u.test(tag.charAt(i))) mask |= 1n << BigInt(i);
  return `~${tag.toLowerCase()}~${mask.toString(16)}`;
}

/** The tag of a file name; `undefined` for a file that `encodeTag` did not name. */
export function decodeTag(file: string): Tag | undefined {
  const match = /^~([a-z0-9_][a-z0-9._-]{0,127})~([0-9a-f]{1,32})$/u.exec(file);
  if (match?.[1] === undefined) return undefined;
  const mask = BigInt(`0x${match[2]}`);
  const chars = Array.from(match[1], (char, i) =>
    (mask & (1n << BigInt(i))) === 0n ? char : char.toUpperCase(),
  );
  return chars.join('') as Tag;
}

/** Resolves to `undefined` if the file, or a directory of its path, does not exist. */
export async function ifExists<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes one file. Returns false if it does not exist. */
export async function removeFile(path: string): Promise<boolean> {
  return (await ifExists(rm(path).then(() => true))) ?? false;
}

/** Creates a directory and runs a step that needs it; retries if a delete removes it in between. */
export async function inFolder<T>(folder: string, step: () => Promise<T>): Promise<T> {
  for (let left = MAX_FOLDER_TRIES; ; left -= 1) {
    await makeFolder(folder);
    try {
      return await step();
    } catch (error) {
      if (left === 0 || errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** Removes a directory and its parents below `top` while they are empty. */
export async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (let at = folder; at.length > top.length; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

/** Renames a complete, synced file to its final path and creates the directories. */
export function publish(temporary: string, path: string): Promise<void> {
  return inFolder(dirname(path), () => renamePatiently(temporary, path));
}

/** Whether a path exists. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifExists(stat(path))) !== undefined;
}

import { renamePatiently } from '../../util/atomic-file.ts';
import { errnoOf } from '../../util/errno.ts';
import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { makeFolder } from '../../util/make-folder.ts';

/**
 * Where things lie below the storage's directory. Names of kinds start with "_", which no component
 * of a repository name may, so `a/b` can lie inside `a`.
 */
export interface DiskPaths {
  readonly root: string;
  repository(name: RepositoryName): string;
  kind(name: RepositoryName, kind: Kind): string;
  /** The content of a blob, once for all repositories that link to it. */
  blob(digest: Digest): string;
  /** `_links`: an empty file, that a repository has a blob. `_blobs`: its content, in layout 1. */
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
  const repository = (name: RepositoryName): string =>
    join(root, ...name.split('/').map(encodePart));
  const kind = (name: RepositoryName, one: Kind): string => join(repository(name), one);
  const referrers = (name: RepositoryName, subject: Digest): string =>
    join(kind(name, '_referrers'), algorithmOf(subject), hexOf(subject));
  return {
    root,
    repository,
    kind,
    blob: (digest) => join(directory, 'blobs', algorithmOf(digest), hexOf(digest)),
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

/** Names that Windows keeps for devices, whatever follows a dot. */
const RESERVED = /^(?:aux|con|nul|prn|com[0-9]|lpt[0-9])(?:\.|$)/u;

/** A component of a repository name as a directory: no component begins with "~". */
export function encodePart(part: string): string {
  return RESERVED.test(part) ? `~${part}` : part;
}

export function decodePart(directory: string): string {
  return directory.replace(/^~/u, '');
}

/**
 * A file name for a tag that survives file systems that ignore case or reserve names: lower case,
 * then a bit mask (hexadecimal) of the positions that are upper case.
 */
export function encodeTag(tag: Tag): string {
  let mask = 0n;
  for (let i = 0; i < tag.length; i += 1) if (/[A-Z]/u.test(tag.charAt(i))) mask |= 1n << BigInt(i);
  return `~${tag.toLowerCase()}~${mask.toString(16)}`;
}

/** The tag of a file name; `undefined` for a foreign file. */
export function decodeTag(file: string): Tag | undefined {
  const match = /^~([a-z0-9_][a-z0-9._-]{0,127})~([0-9a-f]{1,32})$/u.exec(file);
  if (match?.[1] === undefined) return undefined;
  const mask = BigInt(`0x${match[2]}`);
  const chars = Array.from(match[1], (char, i) =>
    (mask & (1n << BigInt(i))) === 0n ? char : char.toUpperCase(),
  );
  return chars.join('') as Tag;
}

/** `undefined` in place of "no such file"; also when a path component is not a directory. */
export async function ifExists<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes one file; false when there is none. */
export async function removeFile(path: string): Promise<boolean> {
  return (await ifExists(rm(path).then(() => true))) ?? false;
}

/** Runs a step that makes a file in a folder, making the folder, which a delete may take away. */
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

/** Removes folders upwards as long as they are empty, below `top`. */
export async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (let at = folder; at.length > top.length; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

/** Moves a complete, synced file to its name, making the directories. */
export function publish(temporary: string, path: string): Promise<void> {
  return inFolder(dirname(path), () => renamePatiently(temporary, path));
}

/** Whether there is a file. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifExists(stat(path))) !== undefined;
}

import { renamePatiently } from '../../util/atomic-file.ts';
import { errnoOf } from '../../util/errno.ts';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
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
  content(name: RepositoryName, kind: '_blobs' | '_manifests', digest: Digest): string;
  referrers(name: RepositoryName, subject: Digest): string;
  referrer(name: RepositoryName, subject: Digest, digest: Digest): string;
  tag(name: RepositoryName, tag: Tag): string;
  /** @throws Error when `id` is not a UUID */
  upload(name: RepositoryName, id: string): string;
}

export type Kind = '_blobs' | '_manifests' | '_tags' | '_referrers' | '_uploads';

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

/** Moves a complete, synced file to its name, making the directories. */
export async function publish(temporary: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await renamePatiently(temporary, path);
}

/** A name next to `path` that no reader opens. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readlink, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { CallOptions } from '../../util/abort.ts';
import { errnoOf, systemError } from '../../util/errno.ts';
import { packDirectory } from './packed-directory.ts';
import { unsafe } from './safe-path.ts';
import type { Staging, StagedKind } from './staging.ts';

/**
 * What is at a place: nothing, the same content, something else, or something that no file replaces:
 * a directory, or a file where a directory belongs.
 */
export type Found = 'absent' | 'same' | 'different' | 'blocked';

export const isInTheWay = (found: Found | undefined, overwrite: boolean): boolean =>
  found === 'blocked' || (found === 'different' && !overwrite);

export interface PlaceOptions extends CallOptions {
  /** The directory that the artifact is written to. */
  readonly folder: string;
  /** Replace files that differ. */
  readonly overwrite: boolean;
  /** Files that are there and were not fetched. */
  readonly there: ReadonlySet<string>;
}

/**
 * Moves everything from the staging directory to its place, or nothing if something is in the way.
 * @returns the paths that were written
 * @throws AppError PATH_EXISTS for files that differ, PATH_UNSAFE for a link on the way
 */
export async function placeAll(
  staging: Staging,
  { folder, overwrite, there, signal }: PlaceOptions,
): Promise<readonly string[]> {
  const toMove: { readonly path: string; readonly kind: StagedKind }[] = [];
  const different: string[] = [];
  for (const { path, kind } of staging.entries) {
    signal?.throwIfAborted();
    if (there.has(path)) continue;
    const found = await compare(join(staging.folder, path), folder, path, kind);
    if (isInTheWay(found, overwrite)) different.push(path);
    else if (found !== 'same') toMove.push({ path, kind });
  }
  refuse(folder, different);
  const directories: { readonly at: string; readonly mtime: Date }[] = [];
  for (const { path, kind } of toMove) {
    const [from, to] = [join(staging.folder, path), join(folder, path)];
    await attempt(to, async () => {
      if (kind !== 'directory') {
        await rename(from, to);
        return;
      }
      // Its date changes when the files are moved out of it.
      const { mode, mtime } = await stat(from);
      directories.push({ at: to, mtime });
      await mkdir(to, { mode: mode & 0o777 });
    });
  }
  for (const { at, mtime } of directories.toReversed()) {
    await attempt(at, () => utimes(at, mtime, mtime));
  }
  return toMove.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
}

/** @throws AppError PATH_EXISTS if there are any */
export function refuse(folder: string, different: readonly string[]): void {
  const [first] = different;
  if (first === undefined) return;
  const others = different.length === 1 ? '' : ` and ${different.length - 1} more`;
  throw new AppError(
    'PATH_EXISTS',
    `cannot write "${sanitize(first)}"${others} to ${folder}: it is there with other content`,
    {
      hint: 'Choose another directory with --output-dir, or replace what is there: add --overwrite',
      details: { paths: different },
    },
  );
}

/** Whether a file of this size and SHA-256 digest is there. @throws AppError PATH_UNSAFE, IO */
export async function findFile(
  folder: string,
  path: string,
  { size, sha256 }: { readonly size: number; readonly sha256: string },
): Promise<Found> {
  await checkParents(folder, path);
  const at = join(folder, path);
  const there = await look(at);
  if (there === undefined) return 'absent';
  if (there.isDirectory()) return 'blocked';
  const isSame = there.isFile() && there.size === size && (await hashOf(at)) === sha256;
  return isSame ? 'same' : 'different';
}

/**
 * Whether a directory is there with exactly these contents: packed again, its tar has the digest.
 * What cannot be packed is not the same. @throws AppError PATH_UNSAFE
 */
export async function hasDirectory(
  folder: string,
  path: string,
  { title, sha256 }: { readonly title: string; readonly sha256: string },
  { signal }: CallOptions,
): Promise<boolean> {
  await checkParents(folder, path);
  const at = join(folder, path);
  if ((await look(at))?.isDirectory() !== true) return false;
  const hash = createHash('sha256');
  try {
    for await (const chunk of packDirectory(at, title, { signal })) hash.update(chunk);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof AppError) return false;
    throw error;
  }
  return hash.digest('hex') === sha256;
}

async function compare(
  staged: string,
  folder: string,
  path: string,
  kind: StagedKind,
): Promise<Found> {
  await checkParents(folder, path);
  const at = join(folder, path);
  const there = await look(at);
  if (there === undefined) return 'absent';
  if (kind === 'directory') return there.isDirectory() ? 'same' : 'blocked';
  if (there.isDirectory()) return 'blocked';
  if (kind === 'link') {
    const isSame = there.isSymbolicLink() && (await readlink(at)) === (await readlink(staged));
    return isSame ? 'same' : 'different';
  }
  const { size } = await stat(staged);
  const isSame =
    there.isFile() && there.size === size && (await hashOf(at)) === (await hashOf(staged));
  return isSame ? 'same' : 'different';
}

/** A link that was there before could lead out of the directory. */
async function checkParents(folder: string, path: string): Promise<void> {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join('/');
    const there = await look(join(folder, parent));
    if (there?.isSymbolicLink() === true) throw unsafe(path, `"${parent}" is a link`);
  }
}

async function look(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw systemError(error, { verb: 'read', path });
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw systemError(error, { verb: 'read', path });
  }
  return hash.digest('hex');
}

async function attempt(path: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    throw systemError(error, { verb: 'write', path });
  }
}

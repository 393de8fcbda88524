import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskBlobs } from './disk-blobs.ts';
import { diskManifests } from './disk-manifests.ts';
import { decodePart, diskPaths, ifExists, isThere } from './disk-paths.ts';
import { diskUploads } from './disk-uploads.ts';
import { createIntegrity } from './integrity.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { createLinks, renewFile } from './renewal.ts';
import { isRepositoryName, type RepositoryName } from '../names.ts';
import type { Storage } from './types.ts';

/** How content is kept on disk. */
export interface DiskStorageOptions {
  /** Never writes: answers to a push do not renew what they report. Default: false. */
  readonly readOnly?: boolean | undefined;
}

/**
 * Stores everything below `directory`, which is created at the first write. Only one process may
 * write to it at a time: `claimDirectory` ensures that.
 * @example
 * import { claimDirectory, createDiskStorage, startRegistryServer } from '@regctl/cli/server';
 *
 * await using _claim = await claimDirectory('./registry');
 * await using registry = await startRegistryServer({ storage: createDiskStorage('./registry') });
 * console.log(registry.host);
 */
export function createDiskStorage(
  directory: string,
  { readOnly = false }: DiskStorageOptions = {},
): Storage {
  const renew = readOnly ? async (path: string) => isThere(path) : renewFile;
  const paths = diskPaths(directory);
  const locked = createKeyedLock();
  const integrity = createIntegrity();
  const links = createLinks(paths);
  const repositories = (): Promise<readonly RepositoryName[]> => repositoriesBelow(paths.root);
  return {
    blobs: diskBlobs({ paths, locked, integrity, repositories, renew, links }),
    uploads: diskUploads({
      paths,
      locked,
      integrity,
      links,
      uploading: () => namesBelow(paths.root, (entry) => entry === '_uploads'),
    }),
    manifests: diskManifests({ paths, locked, renew }),
    repositories,
    async hasRepository(name) {
      const entries = (await ifExists(readdir(paths.repository(name)))) ?? [];
      return entries.some(isContent);
    },
  };
}

/** Repositories that have blobs or manifests, sorted by code unit. */
export function repositoriesBelow(root: string): Promise<readonly RepositoryName[]> {
  return namesBelow(root, isContent);
}

async function namesBelow(
  root: string,
  isWanted: (entry: string) => boolean,
): Promise<readonly RepositoryName[]> {
  const found: RepositoryName[] = [];
  await collectNames(root, '', isWanted, found);
  return found.sort();
}

/** An upload session does not make a repository. */
function isContent(entry: string): boolean {
  return entry === '_links' || entry === '_blobs' || entry === '_manifests';
}

async function collectNames(
  directory: string,
  name: string,
  isWanted: (entry: string) => boolean,
  found: RepositoryName[],
): Promise<void> {
  const entries = (await ifExists(readdir(directory, { withFileTypes: true }))) ?? [];
  const isFound = entries.some((entry) => entry.isDirectory() && isWanted(entry.name));
  if (isFound && isRepositoryName(name)) found.push(name);
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
    const part = decodePart(entry.name);
    const below = name === '' ? part : `${name}/${part}`;
    await collectNames(join(directory, entry.name), below, isWanted, found);
  }
}

import { type Digest, algorithmOf, hexOf } from '../../oci/digest.ts';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { isRecord } from '../../util/json.ts';
import { LAYOUT_MARKER } from '../../oci/document-members.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { syncFolder } from '../../util/temporaries.ts';
import { readSmall, readSmallUnless, withDiskErrors } from '../files/disk.ts';
import { errnoOf } from '../../util/errno.ts';
import { EMPTY_INDEX, parseLayoutIndex, printLayoutIndex, type LayoutIndex } from './index-json.ts';
import { withFolderLock, type FolderOptions } from '../files/folder-lock.ts';
import { makeFolder } from '../../util/make-folder.ts';

/** Enough for about 100 000 tags. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;
const MAX_MARKER_BYTES = 64 * 1024;

/** How an OCI layout is read and written. */
export interface LayoutOptions extends FolderOptions {
  /** Directory of blobs instead of `blobs/`, shared by several layouts. */
  readonly sharedBlobs?: string | undefined;
}

/** The `oci-layout` and `index.json` files of a layout directory. */
export class LayoutFiles {
  readonly #folder: string;
  readonly #options: LayoutOptions;
  #read: { readonly version: string; readonly index: LayoutIndex } | undefined;

  constructor(folder: string, options: LayoutOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Checks the `oci-layout` marker. False if there is none.
   * @throws AppError CORRUPT_LAYOUT; UNSUPPORTED for another major version
   */
  async isLayout(): Promise<boolean> {
    const path = join(this.#folder, 'oci-layout');
    const bytes = await readSmall(path, MAX_MARKER_BYTES).catch(async (error: unknown) => {
      const found = await stat(this.#folder).catch(() => undefined);
      throw found?.isFile() === true ? isFile(this.#folder) : error;
    });
    if (bytes === undefined) return false;
    const json = parseJsonStrict(bytes, 'CORRUPT_LAYOUT', path, LAYOUT_MARKER);
    const version = isRecord(json) ? json['imageLayoutVersion'] : undefined;
    if (typeof version !== 'string')
      throw new AppError('CORRUPT_LAYOUT', `${path} names no imageLayoutVersion`);
    if (!version.startsWith('1.'))
      throw new AppError('UNSUPPORTED', `${path} has the unsupported layout version ${version}`);
    return true;
  }

  /**
   * @throws AppError PATH_UNKNOWN if there is no directory, CORRUPT_LAYOUT if it is not a layout
   */
  async requireLayout(): Promise<void> {
    const exists = await withDiskErrors(this.#folder, async () => {
      try {
        const found = await stat(this.#folder);
        if (found.isFile()) throw isFile(this.#folder);
        return found.isDirectory();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return false;
        throw error;
      }
    });
    if (!exists) throw new AppError('PATH_UNKNOWN', `directory ${this.#folder} does not exist`);
    if (await this.isLayout()) return;
    throw new AppError(
      'CORRUPT_LAYOUT',
      `${this.#folder} is not an OCI layout: its "oci-layout" file is missing`,
      { hint: 'Name the directory with "oci-layout", "index.json" and "blobs".' },
    );
  }

  /**
   * Reads index.json; `undefined` if there is none. Returns the same object until the file changes.
   * @throws AppError CORRUPT_LAYOUT
   */
  async readIndex(): Promise<LayoutIndex | undefined> {
    const path = join(this.#folder, 'index.json');
    const read = await readSmallUnless(path, MAX_INDEX_BYTES, this.#read?.version);
    if (read?.bytes !== undefined) {
      this.#read = { version: read.version, index: parseLayoutIndex(read.bytes, path) };
    }
    return read === undefined ? undefined : this.#read?.index;
  }

  /** @throws AppError CORRUPT_LAYOUT if there is none */
  async requireIndex(): Promise<LayoutIndex> {
    const index = await this.readIndex();
    if (index !== undefined) return index;
    throw new AppError('CORRUPT_LAYOUT', `${join(this.#folder, 'index.json')} is missing`);
  }

  /**
   * Reads, changes and replaces index.json under the lock, so that concurrent writers lose nothing.
   */
  async update(
    change: (index: LayoutIndex) => LayoutIndex,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await withDiskErrors(this.#folder, () => makeFolder(this.#folder));
    await this.#options.temporaries.sweep(this.#folder);
    await withFolderLock(this.#folder, { ...this.#options, signal }, async () => {
      const known = await this.isLayout();
      const before = await this.readIndex();
      const after = change(before ?? EMPTY_INDEX);
      const blobs = join(this.#folder, 'blobs');
      await withDiskErrors(blobs, () => makeFolder(blobs));
      if (!known) await this.#replace('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
      if (before !== after) await this.#replace('index.json', printLayoutIndex(after));
    });
    await syncFolder(this.#folder);
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    const temporary = this.#options.temporaries.name();
    await withDiskErrors(path, () => writeFileAtomic(path, text, { temporary }));
  }
}

/**
 * Path of a blob in a layout (image-spec v1.1.1 image-layout.md "Blobs"), or below skopeo's
 * `--shared-blob-dir`.
 */
export function layoutBlobPath(
  folder: string,
  digest: Digest,
  shared: string = join(folder, 'blobs'),
): string {
  return join(shared, algorithmOf(digest), hexOf(digest));
}

function isFile(path: string): AppError {
  return new AppError('CORRUPT_LAYOUT', `${path} is a file, not an OCI layout directory`, {
    hint: `For an archive, write oci-archive:${path} or docker-archive:${path}`,
  });
}

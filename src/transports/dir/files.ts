import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { hexOf, type Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { isTemporaryName, syncFolder, type Temporaries } from '../../util/temporaries.ts';
import { readSmall, withDiskErrors } from '../files/disk.ts';
import { errnoOf } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';

/** First line of the file `version`; skopeo reads and writes 1.1. */
const MARKER = 'Directory Transport Version: ';
const VERSION = '1.1';
const MAX_MARKER_BYTES = 1024;

/** The files that the format stores next to `version` and `manifest.json`. */
const CONTENT =
  /^(?:[0-9a-f]{64}|[0-9a-f]{128})(?:\.manifest\.json|\.signature-\d+)?$|^signature-\d+$/;

/** The files of a flat directory that are not blobs, and the removal of unused ones. */
export class DirFiles {
  readonly folder: string;
  readonly #temporaries: Temporaries;

  constructor(folder: string, temporaries: Temporaries) {
    this.folder = folder;
    this.#temporaries = temporaries;
  }

  blobPath(digest: Digest): string {
    return join(this.folder, hexOf(digest));
  }

  /** A manifest that the root manifest lists. */
  instancePath(digest: Digest): string {
    return join(this.folder, `${hexOf(digest)}.manifest.json`);
  }

  /**
   * Reads the manifest of the image; `undefined` if there is none.
   * @throws AppError CORRUPT_LAYOUT, IO
   */
  async rootManifest(): Promise<Uint8Array | undefined> {
    return readSmall(join(this.folder, 'manifest.json'), MAX_MANIFEST_BYTES);
  }

  /** @throws AppError PATH_UNKNOWN, CORRUPT_LAYOUT; UNSUPPORTED for another major version */
  async requireImage(): Promise<void> {
    if ((await this.#names()) === undefined)
      throw new AppError('PATH_UNKNOWN', `directory ${this.folder} does not exist`);
    await this.#isMarked();
    if ((await this.rootManifest()) !== undefined) return;
    throw new AppError('CORRUPT_LAYOUT', `${this.folder} holds no image: no manifest.json`, {
      hint: 'For an OCI layout, write oci:DIR.',
    });
  }

  /**
   * Refuses a directory that holds something else.
   * @throws AppError PATH_EXISTS; UNSUPPORTED for another major version
   */
  async requireFree(): Promise<void> {
    const names = (await this.#names())?.filter((name) => !isTemporaryName(name)) ?? [];
    if (names.length === 0 || (await this.#isMarked())) return;
    throw new AppError('PATH_EXISTS', `${this.folder} holds other files than an image`, {
      hint: 'Name a new or empty directory: the image is not mixed with other files.',
    });
  }

  async exists(path: string): Promise<boolean> {
    return withDiskErrors(path, async () => {
      try {
        return (await lstat(path)).isFile();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return false;
        throw error;
      }
    });
  }

  async prepare(): Promise<void> {
    await withDiskErrors(this.folder, () => makeFolder(this.folder));
    await this.#write('version', `${MARKER}${VERSION}\n`);
  }

  async writeRoot(raw: Uint8Array): Promise<void> {
    await this.#write('manifest.json', raw);
    await syncFolder(this.folder);
  }

  /** Removes the files of the previous image; `needed` lists the paths to keep. */
  async tidy(needed: ReadonlySet<string>): Promise<void> {
    for (const name of (await this.#names()) ?? []) {
      const path = join(this.folder, name);
      if (CONTENT.test(name) && !needed.has(path)) await withDiskErrors(path, () => rm(path));
    }
  }

  /** False if there is no marker. */
  async #isMarked(): Promise<boolean> {
    const path = join(this.folder, 'version');
    const bytes = await readSmall(path, MAX_MARKER_BYTES);
    if (bytes === undefined) return false;
    const text = new TextDecoder().decode(bytes);
    if (!text.startsWith(MARKER)) return false;
    if (text.startsWith(`${MARKER}1.`)) return true;
    throw new AppError('UNSUPPORTED', `${path} has an unsupported format version`);
  }

  async #names(): Promise<string[] | undefined> {
    return withDiskErrors(this.folder, async () => {
      try {
        return await readdir(this.folder);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  async #write(name: string, data: Uint8Array | string): Promise<void> {
    const path = join(this.folder, name);
    const temporary = this.#temporaries.name();
    await withDiskErrors(path, () => writeFileAtomic(path, data, { temporary }));
  }
}

import { renamePatiently } from '../../util/atomic-file.ts';
import { randomBytes } from 'node:crypto';
import { lstat, lutimes, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPrivateFolder, readPrivateFile } from '../../config/files/ownership.ts';
import { errnoOf } from '../../util/errno.ts';
import { makeFolder } from '../../util/make-folder.ts';
import type { ProcessNames } from '../../util/temporaries.ts';
import { MAX_AGE_MS, MAX_RECORD } from './record.ts';

const MAX_FILES = 200;
/** An unreachable process that did not touch its file for this long is dead; a live one does. */
export const STALE_MS = 5 * 60_000;
/** Leftovers of a killed write are removed after this time. */
const TEMPORARY_AGE_MS = 60 * 60_000;

const NAME = /^upload-([0-9a-f]{32})\.([0-9a-z-]{1,100})\.[0-9a-f]{16}\.json$/u;
const TEMPORARY = /^\.[0-9a-f]{16}\.tmp$/u;

export interface JournalFolderOptions {
  /** Created with mode 0700 when there is something to store. */
  readonly folder: string;
  /** User ID of this process; undefined if the system has none. */
  readonly uid: number | undefined;
  readonly now: () => number;
  readonly processes: ProcessNames;
}

/** One file for each upload; its name contains the owner, so that a rename transfers it at once. */
export class JournalFolder {
  readonly #options: JournalFolderOptions;

  constructor(options: JournalFolderOptions) {
    this.#options = options;
  }

  path(name: string): string {
    return join(this.#options.folder, name);
  }

  newName(key: string): string {
    return `upload-${key}.${this.#options.processes.self}.${randomBytes(8).toString('hex')}.json`;
  }

  /** Creates the directory and removes old files. A problem completes "the folder …". */
  async prepare(): Promise<string | undefined> {
    await makeFolder(this.#options.folder, 0o700);
    const safety = checkPrivateFolder(this.#options.folder, this.#options.uid);
    if (safety.kind === 'unsafe') return safety.problem;
    await this.#sweep();
    return undefined;
  }

  /**
   * Claims the newest file that no process uses: renames it to a name of this process and adds that
   * name to `held`, the names in use here. The first process that renames a file gets it.
   */
  async claim(key: string, held: Set<string>): Promise<string | undefined> {
    const { folder, uid } = this.#options;
    if (checkPrivateFolder(folder, uid).kind !== 'usable') return undefined;
    const names = (await readdir(folder)).filter((name) => NAME.exec(name)?.[1] === key);
    const files = await this.#dated(names);
    for (const { name, mtime } of files.toSorted((a, b) => b.mtime - a.mtime)) {
      if (held.has(name) || (await this.#isInUse(name, mtime))) continue;
      const own = this.newName(key);
      held.add(own);
      if (await this.#take(name, own)) return own;
      held.delete(own);
    }
    return undefined;
  }

  /** Every record, of any owner. */
  async all(): Promise<readonly string[]> {
    const { folder, uid } = this.#options;
    if (checkPrivateFolder(folder, uid).kind !== 'usable') return [];
    return (await readdir(folder)).filter((name) => NAME.test(name));
  }

  /** The text of a private file; undefined for other files. */
  async read(name: string): Promise<string | undefined> {
    const { uid } = this.#options;
    return readPrivateFile(this.path(name), { uid, maxBytes: MAX_RECORD })?.toString('utf8');
  }

  /** Shows that this process is alive. */
  async touch(name: string): Promise<void> {
    const now = new Date(this.#options.now());
    await lutimes(this.path(name), now, now);
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }

  async #isInUse(name: string, mtime: number): Promise<boolean> {
    const { processes, now } = this.#options;
    const owner = NAME.exec(name)?.[2] ?? '';
    if (owner === processes.self) return false;
    return (await processes.isRunning(owner)) ?? now() - mtime < STALE_MS;
  }

  /** Touched before the rename, so that it never looks abandoned under its new name. */
  async #take(name: string, own: string): Promise<boolean> {
    try {
      await this.touch(name);
      await renamePatiently(this.path(name), this.path(own));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #sweep(): Promise<void> {
    const now = this.#options.now();
    const names = await readdir(this.#options.folder);
    const temporary = await this.#dated(names.filter((name) => TEMPORARY.test(name)));
    const notes = await this.#dated(names.filter((name) => NAME.test(name)));
    const old = notes
      .toSorted((a, b) => b.mtime - a.mtime)
      .filter(({ mtime }, index) => index >= MAX_FILES - 1 || now - mtime > MAX_AGE_MS);
    const dead = temporary.filter(({ mtime }) => now - mtime > TEMPORARY_AGE_MS);
    for (const { name } of [...old, ...dead]) await this.remove(name);
  }

  /** When each file was last touched, in milliseconds, without files that are already gone. */
  async #dated(names: readonly string[]): Promise<{ name: string; mtime: number }[]> {
    const dated = await Promise.all(
      names.map(async (name) => {
        const found = await lstat(this.path(name)).catch(() => undefined);
        return found === undefined ? undefined : { name, mtime: found.mtimeMs };
      }),
    );
    return dated.filter((one) => one !== undefined);
  }
}

import { causeOf } from '../../util/errno.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { JournalFolder, type JournalFolderOptions } from './folder.ts';
import {
  keyOf,
  parseRecord,
  destinationOfRecord,
  printRecord,
  type JournalRecord,
} from './record.ts';
import type { JournalEntry, JournaledBlob, JournaledSession, UploadJournal } from './types.ts';

export interface UploadJournalOptions extends JournalFolderOptions {
  /** A line of `--debug`; never holds a session's URL. */
  readonly trace?: ((line: string) => void) | undefined;
}

const TOUCH_EVERY_MS = 60_000;

/**
 * A journal in a directory of the user's state. If anything is wrong with the directory or a file,
 * there is nothing to resume.
 */
export function createUploadJournal(
  options: UploadJournalOptions,
): Pick<UploadJournal, 'find' | 'add'> & Pick<FolderJournal, 'forget'> {
  const journal = new FolderJournal(options);
  return {
    find: (blob) => journal.find(blob),
    add: (blob, session) => journal.note(blob, session),
    forget: (isMeant) => journal.forget(isMeant),
  };
}

class FolderJournal {
  readonly #options: UploadJournalOptions;
  readonly #folder: JournalFolder;
  /** Files of uploads in progress in this process. */
  readonly #held = new Set<string>();
  #prepared: Promise<boolean> | undefined;
  #touching: NodeJS.Timeout | undefined;

  constructor(options: UploadJournalOptions) {
    this.#options = options;
    this.#folder = new JournalFolder(options);
  }

  async find(
    blob: JournaledBlob,
  ): Promise<{ session: JournaledSession; entry: JournalEntry } | undefined> {
    return this.#attempt('read', async () => {
      for (;;) {
        const name = await this.#folder.claim(keyOf(blob), this.#held);
        if (name === undefined) return undefined;
        const text = await this.#folder.read(name);
        const record = parseRecord(text ?? '', blob, this.#options.now());
        if (record !== undefined) {
          return { session: record.session, entry: this.#entry(blob, name, record, true) };
        }
        this.#release(name);
        await this.#folder.remove(name);
      }
    });
  }

  note(blob: JournaledBlob, session: JournaledSession): JournalEntry {
    const record = { session, openedAt: this.#options.now() };
    const entry = this.#entry(blob, this.#folder.newName(keyOf(blob)), record, false);
    entry.moved(session);
    return entry;
  }

  /** Removes the records of some uploads; unreadable ones belong to none and expire. */
  async forget(
    isMeant: (place: Pick<JournaledBlob, 'registry' | 'repository'>) => boolean,
  ): Promise<void> {
    await this.#attempt('clean', async () => {
      for (const name of await this.#folder.all()) {
        const destination = destinationOfRecord((await this.#folder.read(name)) ?? '');
        if (destination !== undefined && isMeant(destination)) await this.#folder.remove(name);
      }
    });
  }

  #entry(
    blob: JournaledBlob,
    name: string,
    first: JournalRecord,
    isClaimed: boolean,
  ): JournalEntry {
    let record = first;
    let writing = Promise.resolve();
    let waiting = false;
    let written = isClaimed;
    this.#hold(name);
    const write = async (): Promise<void> => {
      waiting = false;
      if (!this.#held.has(name) || !(await this.#isUsable())) return;
      written = true;
      const text = printRecord(blob, record);
      await this.#attempt('write to', () =>
        writeFileAtomic(this.#folder.path(name), text, { mode: 0o600 }),
      );
    };
    return {
      moved: (session) => {
        const isNew = session.url !== first.session.url;
        record = { session, openedAt: isNew ? this.#options.now() : first.openedAt };
        if (waiting) return;
        waiting = true;
        writing = writing.then(write);
      },
      done: async () => {
        this.#release(name);
        await writing;
        if (written) await this.#attempt('write to', () => this.#folder.remove(name));
      },
      handOver: async () => {
        await writing;
        this.#release(name);
      },
    };
  }

  #hold(name: string): void {
    this.#held.add(name);
    this.#touching ??= setInterval(() => {
      for (const one of this.#held) void this.#folder.touch(one).catch(() => undefined);
    }, TOUCH_EVERY_MS).unref();
  }

  #release(name: string): void {
    this.#held.delete(name);
    if (this.#held.size > 0) return;
    clearInterval(this.#touching);
    this.#touching = undefined;
  }

  async #isUsable(): Promise<boolean> {
    this.#prepared ??= this.#attempt('write to', async () => {
      const problem = await this.#folder.prepare();
      if (problem !== undefined) this.#tell(`not used, ${this.#options.folder} ${problem}`);
      return problem === undefined;
    }).then((usable) => usable === true);
    return this.#prepared;
  }

  async #attempt<T>(what: string, task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      this.#tell(`cannot ${what} ${this.#options.folder}: ${causeOf(error)}`);
      return undefined;
    }
  }

  #tell(line: string): void {
    this.#options.trace?.(`upload journal: ${line}`);
  }
}

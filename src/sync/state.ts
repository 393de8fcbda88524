import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { withFileLock } from '../util/file-lock.ts';
import { isRecord } from '../util/json.ts';
import { makeFolder } from '../util/make-folder.ts';
import type { SyncJob } from './types.ts';

/** What an earlier run found or made equal. */
export interface SeenImage {
  /** What the tag or reference meant at the source. */
  readonly source: Digest;
  /** What stood at the target then; another digest if platforms were chosen. */
  readonly target: Digest;
  /** How it was copied: for other platforms it is not the same. */
  readonly how: string;
}

interface Entry {
  readonly seen: SeenImage;
  /** Whether a job wrote it, and did not just find it. */
  readonly written: boolean;
}

/** A change is on disk after this time, so that a killed run loses little. */
const SAVE_EVERY_MS = 5_000;

/**
 * What earlier runs wrote, and saw to be equal: "host/repository:tag" → digests. This is only a
 * hint: a tag is skipped or deleted only if the target still has that digest. Runs that share the
 * file keep each other's entries.
 */
export class SyncState {
  readonly #path: string;
  readonly #now: () => number;
  readonly #entries: Map<string, Entry>;
  /** What this run changed since the last save; `undefined`: forgotten. */
  readonly #changes = new Map<string, Entry | undefined>();
  #savedAt: number;
  #saving: Promise<void> | undefined;

  private constructor(path: string, entries: Map<string, Entry>, now: () => number) {
    this.#path = path;
    this.#entries = entries;
    this.#now = now;
    this.#savedAt = now();
  }

  /**
   * Reads the state; empty if there is no file. `now` counts in milliseconds.
   * @throws AppError USAGE for an invalid file
   */
  static async read(path: string, now: () => number): Promise<SyncState> {
    return new SyncState(path, await readEntries(path), now);
  }

  /** The digest that a job last wrote there. */
  digestOf(name: string): Digest | undefined {
    const entry = this.#entries.get(name);
    return entry?.written === true ? entry.seen.target : undefined;
  }

  seen(name: string): SeenImage | undefined {
    return this.#entries.get(name)?.seen;
  }

  /** Notes an image that is now equal at both ends. `wrote`: this run copied it. */
  note(name: string, seen: SeenImage, wrote: boolean): void {
    const before = this.#entries.get(name);
    const written = wrote || (before?.written === true && before.seen.target === seen.target);
    if (before !== undefined && before.written === written && isSame(before.seen, seen)) return;
    this.#change(name, { seen, written });
  }

  forget(name: string): void {
    this.#change(name, undefined);
  }

  #change(name: string, entry: Entry | undefined): void {
    if (entry === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    this.#changes.set(name, entry);
  }

  /** Saves if the last save was a while ago. A failure is left to the last `save`. */
  saveNowAndThen(): void {
    if (this.#saving !== undefined || this.#now() - this.#savedAt < SAVE_EVERY_MS) return;
    this.#saving = this.#write()
      .catch(() => undefined)
      .finally(() => {
        this.#saving = undefined;
        this.#savedAt = this.#now();
      });
  }

  /** @throws AppError IO, USAGE */
  async save(): Promise<void> {
    await this.#saving;
    await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#changes.size === 0) return;
    const changes = new Map(this.#changes);
    this.#changes.clear();
    try {
      await makeFolder(dirname(this.#path));
      await withFileLock(`${this.#path}.lock`, async () => {
        const all = await readEntries(this.#path);
        for (const [name, entry] of changes) {
          if (entry === undefined) all.delete(name);
          else all.set(name, entry);
        }
        await writeFileAtomic(this.#path, format(all));
      });
    } catch (error) {
      for (const [name, entry] of changes)
        if (!this.#changes.has(name)) this.#changes.set(name, entry);
      if (error instanceof AppError) throw error;
      throw new AppError('IO', `cannot write ${sanitize(this.#path)}: the state of this run`, {
        cause: error,
      });
    }
  }
}

function isSame(a: SeenImage, b: SeenImage): boolean {
  return a.source === b.source && a.target === b.target && a.how === b.how;
}

function format(entries: ReadonlyMap<string, Entry>): string {
  const tags = [...entries]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { seen, written }]) => [name, { ...seen, written }]);
  return `${JSON.stringify({ version: 1, tags: Object.fromEntries(tags) }, undefined, 1)}\n`;
}

/** @throws AppError USAGE, IO */
async function readEntries(path: string): Promise<Map<string, Entry>> {
  try {
    return parse(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new AppError('IO', `cannot read ${sanitize(path)}: the state of earlier runs`, {
      cause: error,
    });
  }
}

function parse(text: string, path: string): Map<string, Entry> {
  const refuse = (cause?: unknown): never => {
    throw new AppError('USAGE', `cannot use ${sanitize(path)}: it is no state of a sync`, {
      hint: 'Name another file, or remove this one: then nothing counts as written.',
      cause,
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(error);
  }
  if (!isRecord(value) || value['version'] !== 1 || !isRecord(value['tags'])) return refuse();
  const entries = new Map<string, Entry>();
  for (const [name, entry] of Object.entries(value['tags'])) {
    if (!isRecord(entry)) return refuse();
    const { source, target, how, written } = entry;
    if (typeof source !== 'string' || !isDigest(source)) return refuse();
    if (typeof target !== 'string' || !isDigest(target)) return refuse();
    if (typeof how !== 'string') return refuse();
    entries.set(name, { seen: { source, target, how }, written: written === true });
  }
  return entries;
}

/** Names the state file of these jobs by sources and targets only, not by other options. */
export function stateName(jobs: readonly SyncJob[]): string {
  const what = jobs.map(({ source, target, naming }) => [source, target, naming.style]);
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

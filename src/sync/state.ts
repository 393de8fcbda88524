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
import type { SyncTotals } from './results.ts';
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

/** The last run of a job. */
export interface JobRun {
  /** When it ended, in RFC 3339. */
  readonly at: string;
  readonly totals: SyncTotals;
  /** When a run last ended without a failure. */
  readonly lastSuccess: string | null;
}

/** What a state file holds. */
interface Content {
  readonly tags: Map<string, Entry>;
  readonly runs: Map<string, JobRun>;
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
  readonly #runs: Map<string, JobRun>;
  readonly #newRuns = new Map<string, JobRun>();
  /** What this run changed since the last save; `undefined`: forgotten. */
  readonly #changes = new Map<string, Entry | undefined>();
  #savedAt: number;
  #saving: Promise<void> | undefined;

  private constructor(path: string, { tags, runs }: Content, now: () => number) {
    this.#path = path;
    this.#entries = tags;
    this.#runs = runs;
    this.#now = now;
    this.#savedAt = now();
  }

  /**
   * Reads the state; empty if there is no file. `now` counts in milliseconds.
   * @throws AppError USAGE for an invalid file
   */
  static async read(path: string, now: () => number): Promise<SyncState> {
    return new SyncState(path, await readContent(path), now);
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

  lastRun(job: string): JobRun | undefined {
    return this.#runs.get(job);
  }

  /** Notes that a run of a job ended now. */
  noteRun(job: string, totals: SyncTotals): void {
    const at = new Date(this.#now()).toISOString();
    const lastSuccess = totals.failed === 0 ? at : (this.#runs.get(job)?.lastSuccess ?? null);
    this.#runs.set(job, { at, totals, lastSuccess });
    this.#newRuns.set(job, { at, totals, lastSuccess });
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
    if (this.#changes.size + this.#newRuns.size === 0) return;
    const changes = new Map(this.#changes);
    this.#changes.clear();
    try {
      await makeFolder(dirname(this.#path));
      await withFileLock(`${this.#path}.lock`, async () => {
        const { tags, runs } = await readContent(this.#path);
        for (const [name, entry] of changes) {
          if (entry === undefined) tags.delete(name);
          else tags.set(name, entry);
        }
        for (const [job, run] of this.#newRuns) runs.set(job, run);
        await writeFileAtomic(this.#path, format({ tags, runs }));
        this.#newRuns.clear();
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

function format(content: Content): string {
  const tags = [...content.tags]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { seen, written }]) => [name, { ...seen, written }]);
  const body = {
    version: 1,
    tags: Object.fromEntries(tags),
    runs: Object.fromEntries(content.runs),
  };
  return `${JSON.stringify(body, undefined, 1)}\n`;
}

/** @throws AppError USAGE, IO */
async function readContent(path: string): Promise<Content> {
  try {
    return parse(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { tags: new Map(), runs: new Map() };
    throw new AppError('IO', `cannot read ${sanitize(path)}: the state of earlier runs`, {
      cause: error,
    });
  }
}

function parse(text: string, path: string): Content {
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
  return { tags: entries, runs: new Map(Object.entries(value['runs'] ?? {}).filter(isRun)) };
}

/** What is no run of a job is left out: nothing depends on it. */
function isRun(entry: readonly [string, unknown]): entry is [string, JobRun] {
  const [, run] = entry;
  return isRecord(run) && typeof run['at'] === 'string' && isRecord(run['totals']);
}

/** Names the state file of these jobs by sources and targets only, not by other options. */
export function stateName(jobs: readonly SyncJob[]): string {
  const what = jobs.map(({ source, target, naming }) => [source, target, naming.style]);
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { makeFolder } from '../util/make-folder.ts';
import { isRecord } from '../util/json.ts';
import type { SyncJob } from './types.ts';

/**
 * What earlier runs wrote: "host/repository:tag" → digest. This is only a hint: a tag is skipped or
 * deleted only if the target still has that digest.
 */
export class SyncState {
  readonly #path: string;
  readonly #written: Map<string, Digest>;

  private constructor(path: string, written: Map<string, Digest>) {
    this.#path = path;
    this.#written = written;
  }

  /** Reads the state; empty if there is no file. @throws AppError USAGE for an invalid file */
  static async read(path: string): Promise<SyncState> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new SyncState(path, new Map());
      throw new AppError('IO', `cannot read ${sanitize(path)}: the state of earlier runs`, {
        cause: error,
      });
    }
    return new SyncState(path, parse(text, path));
  }

  /** The digest that this job last wrote there. */
  digestOf(name: string): Digest | undefined {
    return this.#written.get(name);
  }

  note(name: string, digest: Digest): void {
    this.#written.set(name, digest);
  }

  forget(name: string): void {
    this.#written.delete(name);
  }

  /** @throws AppError IO */
  async save(): Promise<void> {
    const written = Object.fromEntries([...this.#written].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    try {
      await makeFolder(dirname(this.#path));
      await writeFileAtomic(
        this.#path,
        `${JSON.stringify({ version: 1, written }, undefined, 1)}\n`,
      );
    } catch (error) {
      throw new AppError('IO', `cannot write ${sanitize(this.#path)}: the state of this run`, {
        cause: error,
      });
    }
  }
}

function parse(text: string, path: string): Map<string, Digest> {
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
  if (!isRecord(value) || value['version'] !== 1 || !isRecord(value['written'])) return refuse();
  const written = new Map<string, Digest>();
  for (const [name, digest] of Object.entries(value['written'])) {
    if (typeof digest !== 'string' || !isDigest(digest)) return refuse();
    written.set(name, digest);
  }
  return written;
}

/** Names the state file of these jobs by sources and targets only, not by other options. */
export function stateName(jobs: readonly SyncJob[]): string {
  const what = jobs.map(({ source, target, naming }) => [source, target, naming.style]);
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
}

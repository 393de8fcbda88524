import { lutimes, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { systemError } from '../../util/errno.ts';
import { unsafe } from './safe-path.ts';

export type StagedKind = 'directory' | 'file' | 'link';

interface Staged {
  readonly path: string;
  readonly kind: StagedKind;
}

/**
 * A directory in which an artifact is put together, out of sight, before any file gets its name.
 * Each name is claimed once; names that some system takes for the same are refused.
 */
export class Staging {
  readonly folder: string;
  readonly #names = new Map<string, Staged>();
  readonly #dates: { readonly path: string; readonly mtime: number }[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Everything that was claimed, parents first. */
  get entries(): readonly Staged[] {
    return [...this.#names.values()];
  }

  pathOf(parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** @throws AppError PATH_UNSAFE if another file has the name, or one that differs only in case */
  claim(parts: readonly string[], kind: StagedKind): void {
    for (let depth = 1; depth < parts.length; depth += 1) {
      this.#claimOne(parts.slice(0, depth).join('/'), 'directory');
    }
    if (parts.length > 0) this.#claimOne(parts.join('/'), kind);
  }

  #claimOne(path: string, kind: StagedKind): void {
    const key = folded(path);
    const known = this.#names.get(key);
    if (known === undefined) {
      this.#names.set(key, { path, kind });
      return;
    }
    if (known.path !== path)
      throw unsafe(path, `"${known.path}" has the same name on some systems`);
    if (known.kind !== 'directory' || kind !== 'directory') {
      throw unsafe(path, 'the artifact has two files of this name');
    }
  }

  /** Makes a claimed directory and its parents; `mode` without the set-id bits. */
  async makeDirectory(parts: readonly string[], mode = 0o777, mtime?: number): Promise<void> {
    const path = this.pathOf(parts);
    // Without all rights of the owner, nothing could be written into it.
    const made = await attempt(path, () => mkdir(path, { recursive: true, mode: mode | 0o700 }));
    if (made !== undefined && mtime !== undefined) this.#dates.push({ path, mtime });
  }

  /** Writes a claimed file. */
  async writeFile(
    parts: readonly string[],
    content: Bytes,
    { mode = 0o666, mtime, signal }: WriteOptions = {},
  ): Promise<void> {
    await this.makeDirectory(parts.slice(0, -1));
    const path = this.pathOf(parts);
    const file = await attempt(path, () => open(path, 'wx', mode | 0o200));
    try {
      for await (const chunk of content) {
        signal?.throwIfAborted();
        await attempt(path, () => file.writeFile(chunk));
      }
      if ((mode & 0o200) === 0) await attempt(path, () => file.chmod(mode));
      if (mtime !== undefined) await attempt(path, () => file.utimes(mtime, mtime));
    } finally {
      await file.close();
    }
  }

  async makeLink(parts: readonly string[], target: string, mtime: number): Promise<void> {
    await this.makeDirectory(parts.slice(0, -1));
    const path = this.pathOf(parts);
    await attempt(path, () => symlink(target, path));
    await attempt(path, () => lutimes(path, mtime, mtime));
  }

  /** Gives the directories their dates, when nothing more is written into them. */
  async finish(): Promise<void> {
    for (const { path, mtime } of this.#dates.toReversed()) {
      await attempt(path, () => utimes(path, mtime, mtime));
    }
  }
}

interface WriteOptions extends CallOptions {
  /** Permissions without the set-id bits; the umask applies. */
  readonly mode?: number | undefined;
  /** Seconds since 1970. */
  readonly mtime?: number | undefined;
}

/** macOS and Windows do not tell case apart, macOS not how an accent is composed. */
function folded(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase();
}

async function attempt<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw systemError(error, { verb: 'write', path });
  }
}

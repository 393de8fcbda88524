import { renamePatiently } from '../../util/atomic-file.ts';
import { open, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createLimiter } from '../../util/limiter.ts';
import { syncFolder } from '../../util/temporaries.ts';
import { Appender } from '../files/appender.ts';
import { withDiskErrors } from '../files/disk.ts';
import { errnoOf } from '../../util/errno.ts';
import type { OpenContext } from '../types.ts';
import { STDIO } from './open.ts';
import { readAt } from './random-access.ts';
import { makeFolder } from '../../util/make-folder.ts';

export type SinkContext = Pick<OpenContext, 'stdout' | 'temporaries'>;

/** Operations that a file supports and a pipe does not. */
interface Rewritable {
  read(position: number, length: number): Promise<Uint8Array>;
  truncate(size: number): Promise<void>;
}

/** Where an archive goes; nothing is visible before `finish`, unless it is a pipe. */
export interface Sink {
  /** Appends bytes; their memory may then be used again. */
  write(bytes: Uint8Array): Promise<void>;
  /** Absent if written bytes cannot be changed. */
  readonly rewrite?: Rewritable;
  finish(): Promise<void>;
  /** Discards what was written; has no effect after `finish`. */
  abandon(): Promise<void>;
}

/**
 * Opens a temporary file next to `path` that replaces it at the end; for "-", a pipe or a device,
 * writes to it directly.
 * @throws AppError IO, NO_SPACE
 */
export async function openSink(path: string, context: SinkContext): Promise<Sink> {
  if (path === STDIO) {
    return { write: (bytes) => context.stdout(bytes), finish: nothing, abandon: nothing };
  }
  return (await isSpecial(path)) ? openStream(path) : openFile(await targetOf(path), context);
}

async function nothing(): Promise<void> {}

/** Whether it is a pipe or device: renaming a file over /dev/stdout would replace it. */
async function isSpecial(path: string): Promise<boolean> {
  return (await existing(path, async () => !(await stat(path)).isFile())) ?? false;
}

/** Keeps a link and replaces its target. */
async function targetOf(path: string): Promise<string> {
  return (await existing(path, () => realpath(path))) ?? path;
}

async function existing<T>(path: string, look: () => Promise<T>): Promise<T | undefined> {
  return withDiskErrors(path, async () => {
    try {
      return await look();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

async function openStream(path: string): Promise<Sink> {
  const file = await withDiskErrors(path, () => open(path, 'w'));
  const close = once(() => file.close());
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.byteLength;) {
        const rest = bytes.byteLength - done;
        done += (await withDiskErrors(path, () => file.write(bytes, done, rest))).bytesWritten;
      }
    },
    finish: close,
    abandon: close,
  };
}

async function openFile(path: string, { temporaries }: SinkContext): Promise<Sink> {
  const folder = dirname(path);
  const temporary = join(folder, temporaries.name());
  await withDiskErrors(folder, () => makeFolder(folder));
  await temporaries.sweep(folder);
  const file = await withDiskErrors(temporary, () => open(temporary, 'wx+', 0o644));
  const out = new Appender(file, temporary, createLimiter(1));
  const close = once(() => out.close());
  let finished = false;
  return {
    write: (bytes) => out.write(bytes),
    rewrite: {
      async read(position, length) {
        await out.flush();
        return readAt(file, temporary, position, length);
      },
      truncate: (size) => out.truncate(size),
    },
    async finish() {
      await out.sync();
      await close();
      await withDiskErrors(path, () => renamePatiently(temporary, path));
      finished = true;
      await syncFolder(folder);
    },
    async abandon() {
      await close();
      if (!finished) await rm(temporary, { force: true });
    },
  };
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}

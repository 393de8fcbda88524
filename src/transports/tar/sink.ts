import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../util/temporaries.ts';
import { errnoOf, onDisk } from '../oci-layout/disk.ts';
import type { OpenContext } from '../types.ts';
import { STDIO } from './open.ts';
import { readAt } from './random-access.ts';
import { writeAll } from './spool.ts';
import { makeFolder } from '../../util/make-folder.ts';

export type SinkContext = Pick<OpenContext, 'stdout' | 'temporaries'>;

/** What a file allows and a pipe does not. */
interface Rewritable {
  read(position: number, length: number): Promise<Uint8Array>;
  truncate(size: number): Promise<void>;
}

/** Where an archive goes; nothing is visible before `finish`, unless it is a pipe. */
export interface Sink {
  /** Appends. */
  write(bytes: Uint8Array): Promise<void>;
  /** Absent where bytes that were written are gone. */
  readonly rewrite?: Rewritable;
  finish(): Promise<void>;
  /** Drops what was written; does nothing after `finish`. */
  abandon(): Promise<void>;
}

/**
 * A temporary file beside `place` that replaces it at the end; for "-", a pipe or a device, the
 * thing itself. @throws AppError IO, NO_SPACE
 */
export async function openSink(place: string, context: SinkContext): Promise<Sink> {
  if (place === STDIO) {
    return { write: (bytes) => context.stdout(bytes), finish: nothing, abandon: nothing };
  }
  return (await isSpecial(place)) ? openStream(place) : openFile(await targetOf(place), context);
}

async function nothing(): Promise<void> {}

/** A pipe or device: renaming a file over /dev/stdout would replace it. */
async function isSpecial(place: string): Promise<boolean> {
  return (await existing(place, async () => !(await stat(place)).isFile())) ?? false;
}

/** A link stays; what it points at is replaced. */
async function targetOf(place: string): Promise<string> {
  return (await existing(place, () => realpath(place))) ?? place;
}

async function existing<T>(place: string, look: () => Promise<T>): Promise<T | undefined> {
  return onDisk(place, async () => {
    try {
      return await look();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

async function openStream(place: string): Promise<Sink> {
  const file = await onDisk(place, () => open(place, 'w'));
  const close = closer(file);
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.byteLength;) {
        const rest = bytes.byteLength - done;
        done += (await onDisk(place, () => file.write(bytes, done, rest))).bytesWritten;
      }
    },
    finish: close,
    abandon: close,
  };
}

async function openFile(place: string, { temporaries }: SinkContext): Promise<Sink> {
  const folder = dirname(place);
  const temporary = join(folder, temporaries.name());
  await onDisk(folder, () => makeFolder(folder));
  await temporaries.sweep(folder);
  const file = await onDisk(temporary, () => open(temporary, 'wx+', 0o644));
  const close = closer(file);
  let end = 0;
  let finished = false;
  return {
    async write(bytes) {
      await onDisk(temporary, () => writeAll(file, bytes, end));
      end += bytes.byteLength;
    },
    rewrite: {
      read: (position, length) => readAt(file, temporary, position, length),
      async truncate(size) {
        await onDisk(temporary, () => file.truncate(size));
        end = size;
      },
    },
    async finish() {
      await onDisk(temporary, () => file.sync());
      await close();
      await onDisk(place, () => rename(temporary, place));
      finished = true;
      await syncFolder(folder);
    },
    async abandon() {
      await close();
      if (!finished) await rm(temporary, { force: true });
    },
  };
}

function closer(file: FileHandle): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= file.close();
    return closing;
  };
}

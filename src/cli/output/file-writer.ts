import { open, rename, rm } from 'node:fs/promises';
import { systemError } from '../../util/errno.ts';
import type { Writer } from './writer.ts';

/** Writes a result to a file for another tool's option; the file appears once it is complete. */
export interface FileWriter extends Writer, AsyncDisposable {
  /** Renames the complete file to its final name. */
  finish(): Promise<void>;
}

/** @throws AppError IO, NO_SPACE */
export async function openFileWriter(path: string, suffix: string): Promise<FileWriter> {
  const temporary = `${path}.${suffix}`;
  const guard = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      throw systemError(error, { verb: 'write', path });
    }
  };
  const file = await guard(() => open(temporary, 'wx', 0o644));
  let started = false;
  let isDone = false;
  return {
    get started() {
      return started;
    },
    settled: () => Promise.resolve(),
    async write(chunk) {
      started = true;
      await guard(() => file.writeFile(chunk));
    },
    async finish() {
      await guard(async () => {
        await file.close();
        await rename(temporary, path);
      });
      isDone = true;
    },
    async [Symbol.asyncDispose]() {
      if (isDone) return;
      await file.close();
      await rm(temporary, { force: true });
    },
  };
}

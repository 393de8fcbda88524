import { execFileSync } from 'node:child_process';
import { tempDir, type TempDir } from './temp.ts';

export interface SmallDisk extends TempDir {
  readonly remount: (mode: 'ro' | 'rw') => void;
}

/** A file system of so many bytes; `undefined` if this process may not mount one. */
export async function smallDisk(bytes: number): Promise<SmallDisk | undefined> {
  const dir = await tempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir.path], {
      stdio: 'ignore',
    });
  } catch {
    await dir[Symbol.asyncDispose]();
    return undefined;
  }
  return {
    ...dir,
    remount: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, dir.path]),
    async [Symbol.asyncDispose]() {
      // What an engine mounted in it goes with it.
      execFileSync('umount', ['-R', dir.path]);
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** Why there can be none here. */
export async function missingDisk(): Promise<string | undefined> {
  const disk = await smallDisk(4096);
  await disk?.[Symbol.asyncDispose]();
  return disk === undefined ? 'cannot mount a file system' : undefined;
}

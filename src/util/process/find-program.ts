import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';

/**
 * Finds a program as the shell would, but never in the working directory: relative and empty PATH
 * entries are skipped (docker/cli CVE-2025-15558).
 */
export async function findProgram(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  os: string,
): Promise<string | undefined> {
  for (const path of candidatesOf(program, env, os)) if (await isExecutable(path)) return path;
  return undefined;
}

/** Candidates for a program; the first that exists counts. */
export function candidatesOf(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  os: string,
): readonly string[] {
  const paths = os === 'win32' ? win32 : posix;
  const names = os === 'win32' ? WINDOWS_KINDS.map((kind) => program + kind) : [program];
  const path = env['PATH'] ?? (os === 'win32' ? env['Path'] : undefined) ?? '';
  const folders = path.split(paths.delimiter).filter((one) => paths.isAbsolute(one));
  return folders.flatMap((folder) => names.map((name) => paths.join(folder, name)));
}

/** Extensions that Windows runs, in its order of search. */
const WINDOWS_KINDS = ['.exe', '.cmd', '.bat'];

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

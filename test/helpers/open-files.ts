import { readdir, readlink } from 'node:fs/promises';

/** Files below a folder that this process holds open; needs Linux. */
export async function openFilesIn(folder: string): Promise<readonly string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((path) => path.startsWith(`${folder}/`));
}

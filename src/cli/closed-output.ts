import { readFileSync, readlinkSync } from 'node:fs';

const ACCESS_MODE = 3;
const READ_WRITE = 2;

/**
 * Whether standard output was closed before Node started (`>&-`). Node then opens /dev/null
 * read-write instead, while a shell's `>/dev/null` is write-only. Only Linux shows the difference.
 * A parent that passes a read-write /dev/null (Python's DEVNULL, Node's `stdio: 'ignore'`) looks
 * the same, so `--quiet` turns the check off.
 */
export function isOutputClosed(platform: string, proc = '/proc/self'): boolean {
  if (platform !== 'linux') return false;
  try {
    if (readlinkSync(`${proc}/fd/1`) !== '/dev/null') return false;
    const flags = /^flags:\s*([0-7]+)$/mu.exec(readFileSync(`${proc}/fdinfo/1`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_WRITE;
  } catch {
    return false;
  }
}

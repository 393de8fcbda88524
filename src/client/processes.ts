import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ProcessNames } from '../util/temporaries.ts';

const NAME = /^([0-9a-f]{12})-([0-9a-f]{12}|0)-(\d{1,10})-(\d{1,20})$/u;
/** Placeholder for a value that the system does not provide. */
const UNKNOWN = '0';

/**
 * Names processes uniquely by machine and container, boot, id and start time. Only Linux provides
 * all of these; elsewhere a reused process id cannot be detected.
 */
export async function createProcessNames(
  process: Pick<NodeJS.Process, 'pid' | 'kill'>,
): Promise<ProcessNames> {
  const [boot, space, start] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(short, () => UNKNOWN),
    readlink('/proc/self/ns/pid').catch(() => UNKNOWN),
    startOf('self'),
  ]);
  const where = short(`${hostname()} ${space}`);
  return {
    self: [where, boot, process.pid, start ?? UNKNOWN].join('-'),
    async isRunning(name) {
      const [, place, itsBoot, pid = '', itsStart] = NAME.exec(name) ?? [];
      if (place !== where) return undefined;
      if (itsBoot !== boot) return itsBoot === UNKNOWN || boot === UNKNOWN ? undefined : false;
      if (start !== undefined) return (await startOf(pid)) === itsStart;
      return exists(process, Number(pid)) ? undefined : false;
    },
  };
}

function short(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex').slice(0, 12);
}

/** Start time: proc(5), field 22 of `stat`; `undefined` for a process that ended, even a zombie. */
async function startOf(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : rest[18];
}

function exists(process: Pick<NodeJS.Process, 'kill'>, pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

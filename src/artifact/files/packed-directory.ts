import { createReadStream, type BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { systemError } from '../../util/errno.ts';
import { compareBytes } from './go-json.ts';
import { goHeader, padding, type PackedMember } from './tar-header.ts';

/**
 * The tar of a directory as ORAS packs it: names below `prefix`, sorted, owner and group 0, modes
 * and dates kept, links as links. The same directory gives the same bytes.
 * @throws AppError IO; UNSUPPORTED for devices, pipes and sockets
 */
export async function* packDirectory(
  path: string,
  prefix: string,
  { signal }: CallOptions = {},
): Bytes {
  yield* packMember(path, prefix, signal);
  yield Buffer.alloc(1024);
}

async function* packMember(path: string, name: string, signal: AbortSignal | undefined): Bytes {
  signal?.throwIfAborted();
  const stat = await attempt(path, () => lstat(path, { bigint: true }));
  const member = await memberOf(path, name, stat);
  yield goHeader(member);
  if (member.type === 'file') yield* contentOf(path, member.size, signal);
  if (member.type !== 'directory') return;
  const names = await attempt(path, () => readdir(path));
  for (const one of names.toSorted(compareBytes)) {
    yield* packMember(join(path, one), name === '.' ? one : `${name}/${one}`, signal);
  }
}

async function memberOf(path: string, name: string, stat: BigIntStats): Promise<PackedMember> {
  const common = {
    name,
    mode: Number(stat.mode) & 0o7777,
    // Go rounds to the nearest second.
    mtime: Number((stat.mtimeNs + 500_000_000n) / 1_000_000_000n),
    size: 0,
    link: '',
  };
  if (stat.isDirectory()) return { ...common, type: 'directory' };
  if (stat.isFile()) return { ...common, type: 'file', size: Number(stat.size) };
  if (stat.isSymbolicLink()) {
    return { ...common, type: 'symlink', link: await attempt(path, () => readlink(path)) };
  }
  throw new AppError('UNSUPPORTED', `cannot pack ${path}: it is a device, a pipe or a socket`, {
    hint: 'Move it out of the directory.',
  });
}

/** A file that grows or shrinks while it is read would damage everything after it. */
async function* contentOf(path: string, size: number, signal: AbortSignal | undefined): Bytes {
  let done = 0;
  try {
    for await (const chunk of createReadStream(path, { signal })) {
      done += (chunk as Uint8Array).byteLength;
      if (done > size) break;
      yield chunk as Uint8Array;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw systemError(error, { verb: 'read', path });
  }
  if (done !== size) throw changedError(path);
  yield Buffer.alloc(padding(size));
}

export function changedError(path: string): AppError {
  return new AppError('IO', `cannot push ${path}: it changed while it was read`, {
    hint: 'Run the command again when no program writes to it.',
  });
}

async function attempt<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw systemError(error, { verb: 'read', path });
  }
}

import {
  constants,
  closeSync,
  createReadStream,
  fstatSync,
  openSync,
  readSync,
  type BigIntStats,
  type Stats,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { CallOptions } from './abort.ts';
import { collect } from './bytes.ts';

/** Windows has neither flag; there, checking the opened file must do. */
const {
  O_RDONLY,
  O_NOFOLLOW = 0,
  O_NONBLOCK = 0,
} = constants as typeof constants & Partial<typeof constants>;

/** Thrown for a path that is no regular file: nothing is read, and no pipe or device is waited for. */
export class NotRegularError extends Error {
  override readonly name = 'NotRegularError';
  /** Completes "PATH is …": "a symbolic link", "a directory", "a pipe or device". */
  readonly what: string;

  constructor(path: string, what: string) {
    super(`${path} is ${what}, not a regular file`);
    this.what = what;
  }
}

/** Thrown for a file larger than allowed. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

export interface OpenRegularOptions {
  /** Whether to follow a symbolic link. Default false. */
  readonly follow?: boolean | undefined;
}

function flagsOf({ follow }: OpenRegularOptions): number {
  return O_RDONLY | O_NONBLOCK | (follow === true ? 0 : O_NOFOLLOW);
}

function linkError(path: string, error: unknown, { follow }: OpenRegularOptions): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return follow !== true && (code === 'ELOOP' || code === 'EMLINK')
    ? new NotRegularError(path, 'a symbolic link')
    : error;
}

function requireRegular(path: string, stat: Stats | BigIntStats): void {
  if (stat.isFile()) return;
  throw new NotRegularError(path, stat.isDirectory() ? 'a directory' : 'a pipe or device');
}

/** Opens a regular file without ever blocking. @throws NotRegularError, system errors */
export async function openRegularFile(
  path: string,
  options: OpenRegularOptions = {},
): Promise<{ readonly file: FileHandle; readonly stat: BigIntStats }> {
  let file: FileHandle;
  try {
    file = await open(path, flagsOf(options));
  } catch (error) {
    throw linkError(path, error, options);
  }
  try {
    const stat = await file.stat({ bigint: true });
    requireRegular(path, stat);
    return { file, stat };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a small regular file as a whole. @throws NotRegularError, TooLargeError, system errors */
export function readRegularFileSync(
  path: string,
  maxBytes: number,
  options: OpenRegularOptions = {},
): { readonly bytes: Buffer; readonly stat: Stats } {
  let fd: number;
  try {
    fd = openSync(path, flagsOf(options));
  } catch (error) {
    throw linkError(path, error, options);
  }
  try {
    const stat = fstatSync(fd);
    requireRegular(path, stat);
    return { bytes: readBounded(fd, stat.size, maxBytes, path), stat };
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether a path is a descriptor that this process inherited: a shell's `<(command)` or standard input.
 * It is open already, so opening it cannot block.
 */
export function isInherited(path: string): boolean {
  return /^\/(?:dev\/fd\/\d+|dev\/stdin|proc\/(?:self|\d+)\/fd\/\d+)$/u.test(path);
}

/**
 * Reads a small file that a person named, and follows links; inherited descriptors may be of any kind,
 * and /dev/null is empty. @throws NotRegularError, TooLargeError, system errors
 */
export async function readNamedFile(
  path: string,
  maxBytes: number,
  options: CallOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly stat: Stats | undefined }> {
  if (!isInherited(path)) {
    if (path === '/dev/null') return { bytes: new Uint8Array(0), stat: undefined };
    return readRegularFileSync(path, maxBytes, { follow: true });
  }
  const stream = createReadStream(path, { signal: options.signal });
  const tooLarge = (): Error => new TooLargeError(`${path} is larger than ${maxBytes} bytes`);
  return { bytes: await collect(stream, maxBytes, tooLarge), stat: undefined };
}

/** A file may grow while it is read, and files in /proc report a size of 0. */
function readBounded(fd: number, size: number, maxBytes: number, path: string): Buffer {
  if (size > maxBytes) throw new TooLargeError(`${path} is larger than ${maxBytes} bytes`);
  const chunks: Buffer[] = [];
  for (let total = 0; ;) {
    const chunk = Buffer.allocUnsafe(Math.max(size - total, 0) + 4096);
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks, total);
    total += count;
    if (total > maxBytes) throw new TooLargeError(`${path} is larger than ${maxBytes} bytes`);
    chunks.push(chunk.subarray(0, count));
  }
}

/** Writes all of `chunk` at `position`, because a single write may be short. */
export async function writeAll(
  file: FileHandle,
  chunk: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const rest = chunk.byteLength - done;
    done += (await file.write(chunk, done, rest, position + done)).bytesWritten;
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkPrivateFolder, readPrivateFile } from '../../config/files/ownership.ts';
import type { CompiledChunks } from './pieces.ts';

/** Where the code of one command is kept, and for whom. */
export interface CodeFile {
  /** `…/regctl/code/COMMAND` */
  readonly path: string;
  /** Changes with the bundle, with Node and with the machine. */
  readonly key: string;
  /** Undefined where the system has no such thing. */
  readonly uid: number | undefined;
}

/** Ten times what a command has. */
const MAX_BYTES = 16 * 1024 * 1024;
const HASH_BYTES = 32;

interface CodeEntry {
  readonly piece: string;
  readonly bytes: number;
}

/**
 * The compiled code of an earlier run. Whoever writes this file decides what regctl does, so that it
 * and its folder must be this user's alone; and V8 believes what it reads, so that the whole is
 * hashed. Anything unusual means that there is none.
 */
export function readCode(file: CodeFile): CompiledChunks & { readonly pieces: readonly string[] } {
  const parts = new Map<string, Buffer>();
  try {
    for (const [piece, code] of unpack(readOwn(file), file.key)) parts.set(piece, code);
  } catch {
    // Compiling again is always right.
  }
  return { get: (piece) => parts.get(piece), pieces: [...parts.keys()] };
}

/** Never throws: without the file the next start is slower, and nothing else. */
export function writeCode(file: CodeFile, pieces: ReadonlyMap<string, Buffer>): void {
  const temporary = `${file.path}.${randomBytes(6).toString('hex')}`;
  try {
    makeFolder(dirname(file.path), 3);
    if (!isOwnFolder(dirname(file.path), file.uid)) return;
    try {
      writeFileSync(temporary, pack(pieces, file.key), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, file.path);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch {
    // The next start compiles again.
  }
}

/** Not `recursive`, which never ends below /proc: Node keeps trying. */
function makeFolder(path: string, levels: number): void {
  if (levels === 0 || existsSync(path)) return;
  makeFolder(dirname(path), levels - 1);
  mkdirSync(path, { mode: 0o700 });
}

function pack(pieces: ReadonlyMap<string, Buffer>, key: string): Buffer {
  const entries: CodeEntry[] = [...pieces].map(([piece, code]) => ({
    piece,
    bytes: code.byteLength,
  }));
  const head = Buffer.from(`${JSON.stringify({ key, entries })}\n`);
  const body = Buffer.concat([head, ...pieces.values()]);
  return Buffer.concat([hashOf(body), body]);
}

function unpack(file: Buffer, key: string): [string, Buffer][] {
  const body = file.subarray(HASH_BYTES);
  if (!hashOf(body).equals(file.subarray(0, HASH_BYTES))) throw new Error('damaged');
  const end = body.indexOf('\n');
  const head = JSON.parse(body.toString('utf8', 0, end)) as { key: string; entries: CodeEntry[] };
  if (head.key !== key) throw new Error('made for another start');
  let at = end + 1;
  return head.entries.map(({ piece, bytes }) => {
    const code = body.subarray(at, at + bytes);
    at += bytes;
    return [piece, code];
  });
}

function hashOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function readOwn({ path, uid }: CodeFile): Buffer {
  const found = isOwnFolder(dirname(path), uid)
    ? readPrivateFile(path, { uid, maxBytes: MAX_BYTES })
    : undefined;
  if (found === undefined) throw new Error('not private to this user');
  return found;
}

function isOwnFolder(path: string, uid: number | undefined): boolean {
  return [path, dirname(path)].every((folder) => checkPrivateFolder(folder, uid).kind === 'usable');
}

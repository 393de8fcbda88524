import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkPrivateFolder, readPrivateFile } from '../../config/files/ownership.ts';
import type { CompiledChunks } from './pieces.ts';

/** The file with the compiled code of a command, and its owner. */
export interface CodeFile {
  /** `…/regctl/code/COMMAND` */
  readonly path: string;
  /** Identifies the bundle, the Node version, the platform and the architecture. */
  readonly key: string;
  /** `undefined` on systems without user ids. */
  readonly uid: number | undefined;
}

/** Ten times the usual size. */
const MAX_BYTES = 16 * 1024 * 1024;
const HASH_BYTES = 32;

interface CodeEntry {
  readonly piece: string;
  readonly bytes: number;
}

/**
 * Reads the compiled code of an earlier run. The file can make regctl run any code, so only this
 * user may be able to write it and its directory. V8 does not verify it, so a hash does. Any
 * problem counts as no code.
 */
export function readCode(file: CodeFile): CompiledChunks & { readonly pieces: readonly string[] } {
  const parts = new Map<string, Buffer>();
  try {
    for (const [piece, code] of unpack(readOwn(file), file.key)) parts.set(piece, code);
  } catch {
    // Compiling again is always safe.
  }
  return { get: (piece) => parts.get(piece), pieces: [...parts.keys()] };
}

/** Never throws: without the file, the next start is only slower. */
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

/** Creates directories without `recursive`, with which Node never returns below /proc. */
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

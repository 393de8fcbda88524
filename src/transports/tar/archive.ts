import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { collect, type Bytes } from '../../util/bytes.ts';
import { errnoOf, onDisk, readChunks } from '../oci-layout/disk.ts';
import type { OpenContext } from '../types.ts';
import { compressionOf, decompress, peekCompression } from './decompress.ts';
import { corruptArchive, readMembers, type TarMember } from './members.ts';
import { readAt, readRegion, type RandomAccess } from './random-access.ts';
import { spool } from './spool.ts';

/** In the place of a file: standard input or output. */
export const STDIO = '-';

/** Links in a row that are followed inside an archive; `docker save` needs one. */
const MAX_LINKS = 4;

/** The members of a tar archive that must not be there twice: two readers would see two images. */
const SINGLE: ReadonlySet<string> = new Set([
  'index.json',
  'oci-layout',
  'manifest.json',
  'repositories',
]);

/** What of a context reading an archive takes. */
export type TarContext = Pick<OpenContext, 'stdin' | 'tempDir'>;

/** A tar archive, indexed by its headers; contents are read where they lie, nothing is extracted. */
export class TarArchive implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #access: RandomAccess;
  readonly #members: ReadonlyMap<string, TarMember>;

  constructor(
    path: string,
    file: FileHandle,
    access: RandomAccess,
    members: ReadonlyMap<string, TarMember>,
  ) {
    this.path = path;
    this.#file = file;
    this.#access = access;
    this.#members = members;
  }

  /**
   * A regular file, also behind a link that stays inside the archive. `undefined` when there is none.
   * @throws AppError CORRUPT_ARCHIVE
   */
  find(name: string): TarMember | undefined {
    let at = name;
    for (let i = 0; i <= MAX_LINKS; i += 1) {
      const member = this.#members.get(at);
      if (member === undefined || member.type === 'file') return member;
      if (member.type === 'other') throw this.#corrupt(`"${sanitize(at)}" is not a regular file`);
      at = this.#targetOf(member);
    }
    throw this.#corrupt(`the links at "${sanitize(name)}" lead nowhere`);
  }

  read(member: TarMember, options?: { readonly signal?: AbortSignal | undefined }): Bytes {
    return readRegion(this.#access, member.offset, member.size, options?.signal);
  }

  /** The first bytes of a member. */
  async peek(member: TarMember, length: number): Promise<Uint8Array> {
    return this.#access.read(member.offset, Math.min(length, member.size));
  }

  /** A small member as a whole; `undefined` when there is none. @throws AppError CORRUPT_ARCHIVE */
  async small(name: string, max: number): Promise<Uint8Array | undefined> {
    const member = this.find(name);
    if (member === undefined) return undefined;
    const tooLarge = (): AppError =>
      this.#corrupt(`"${sanitize(name)}" has ${member.size} bytes; at most ${max} are read`);
    if (member.size > max) throw tooLarge();
    return collect(this.read(member), max, tooLarge);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** A hard link counts from the top, a symbolic one from its own folder. */
  #targetOf({ name, type, target }: TarMember): string {
    const base = type === 'link' ? '' : posix.dirname(name);
    const joined = posix.join(base, target);
    if (!posix.isAbsolute(target) && joined !== '..' && !joined.startsWith('../')) return joined;
    throw this.#corrupt(`the link "${sanitize(name)}" leads out of the archive`);
  }

  #corrupt(rule: string): AppError {
    return corruptArchive(this.path, rule);
  }
}

/**
 * Opens an archive: a plain tar is read in place. What can only be read once (standard input, a
 * pipe) or is compressed goes into a temporary file first: its index stands at its end.
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, NO_SPACE, IO
 */
export async function openTar(
  place: string,
  context: TarContext,
  signal?: AbortSignal,
): Promise<TarArchive> {
  if (place === STDIO) {
    return unpackAndIndex(context.stdin({ signal }), 'standard input', context, signal);
  }
  const file = await openFile(place);
  let mine: FileHandle | undefined = file;
  try {
    const stat = await onDisk(place, () => file.stat());
    if (stat.isDirectory()) throw isFolder(place);
    const start = stat.isFile() ? await readAt(file, place, 0, 4) : undefined;
    if (start === undefined || compressionOf(start, place) !== 'none') {
      mine = undefined;
      return await unpackAndIndex(readChunks(file, place, signal), place, context, signal);
    }
    return await index(file, place, stat.size, signal);
  } catch (error) {
    await mine?.close();
    throw error;
  }
}

async function openFile(place: string): Promise<FileHandle> {
  return onDisk(place, async () => {
    try {
      return await open(place, 'r');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw new AppError('PATH_UNKNOWN', `${place}: there is no such file`);
    }
  });
}

async function unpackAndIndex(
  bytes: Bytes,
  where: string,
  { tempDir }: TarContext,
  signal: AbortSignal | undefined,
): Promise<TarArchive> {
  const peeked = await peekCompression(bytes, where);
  const { file, size } = await spool(decompress(peeked, where), tempDir, signal);
  try {
    return await index(file, where, size, signal);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function index(
  file: FileHandle,
  path: string,
  size: number,
  signal: AbortSignal | undefined,
): Promise<TarArchive> {
  const access: RandomAccess = {
    size,
    read: (position, length) => readAt(file, path, position, length),
  };
  const members = new Map<string, TarMember>();
  for await (const member of readMembers(access, path, signal)) {
    if (SINGLE.has(member.name) && members.has(member.name)) {
      throw corruptArchive(path, `it has two members named ${member.name}`);
    }
    members.set(member.name, member);
  }
  return new TarArchive(path, file, access, members);
}

function isFolder(place: string): AppError {
  return new AppError('CORRUPT_ARCHIVE', `${place} is a folder, not an archive`, {
    hint: `For an OCI layout folder write oci:${place}, for a flat one dir:${place}.`,
  });
}

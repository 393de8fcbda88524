import { posix } from 'node:path';
import type { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { collect, type Bytes } from '../../util/bytes.ts';
import { ambiguousArchive, corruptArchive, type TarMember } from './members.ts';
import { NameTable } from './plain-names.ts';
import type { RegionOptions } from './random-access.ts';

/** How many links are followed in a row inside an archive; `docker save` needs one. */
const MAX_LINKS = 4;

/**
 * The members that describe the images. They must be regular files, because a link may lead
 * elsewhere later.
 */
const LISTS: ReadonlySet<string> = new Set([
  'index.json',
  'oci-layout',
  'manifest.json',
  'repositories',
]);

/** Limit for all names and link targets together: enough for a million short ones. */
const MAX_NAMES = 128 * 1024 * 1024;

/** Opens the members of an archive. */
export interface TarContent {
  /** @throws AppError UNSUPPORTED if it can no longer be read */
  open(member: TarMember, options?: RegionOptions): Bytes;
  close(): Promise<void>;
}

/**
 * The members of an archive by name. Names are unique, because two readers could each take another
 * one of two.
 */
export class MemberTable {
  readonly #path: string;
  readonly #members = new Map<string, TarMember>();
  readonly #table = new NameTable();
  #names = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws AppError CORRUPT_ARCHIVE */
  add(member: TarMember): void {
    // Extended headers allow long names, and they compress well, so a small archive may hold many.
    this.#names += member.name.length + member.target.length;
    if (this.#names > MAX_NAMES)
      throw corruptArchive(this.#path, `the names in it exceed ${MAX_NAMES} characters`);
    const { name, type } = member;
    const shown = `"${sanitize(name.slice(0, 200))}"`;
    const before = this.#members.get(name);
    if (before !== undefined && (type !== 'other' || before.type !== 'other'))
      throw ambiguousArchive(this.#path, `it has two members named ${shown}`);
    const isLink = type === 'link' || type === 'symlink';
    const problem = isLink && LISTS.has(name) ? 'is a link' : this.#table.problem(name, type);
    if (problem !== undefined) throw ambiguousArchive(this.#path, `${shown} ${problem}`);
    this.#members.set(name, member);
  }

  get(name: string): TarMember | undefined {
    return this.#members.get(name);
  }
}

/** A tar archive, indexed by its headers; nothing is extracted. */
export class TarArchive implements AsyncDisposable {
  readonly path: string;
  readonly #content: TarContent;
  readonly #members: MemberTable;

  constructor(path: string, content: TarContent, members: MemberTable) {
    this.path = path;
    this.#content = content;
    this.#members = members;
  }

  /**
   * Finds a regular file, also through a link inside the archive. `undefined` if there is none.
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

  read(member: TarMember, options?: RegionOptions): Bytes {
    return this.#content.open(member, options);
  }

  /** Reads a whole small member; `undefined` if there is none. @throws AppError CORRUPT_ARCHIVE */
  async small(name: string, max: number): Promise<Uint8Array | undefined> {
    const member = this.find(name);
    if (member === undefined) return undefined;
    const tooLarge = (): AppError =>
      this.#corrupt(`"${sanitize(name)}" has ${member.size} bytes; at most ${max} are read`);
    if (member.size > max) throw tooLarge();
    return collect(this.read(member), max, tooLarge);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content.close();
  }

  /** A hard link is relative to the root of the archive, a symbolic link to its own directory. */
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

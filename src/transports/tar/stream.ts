import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { bytesOf, concat, drain, type Bytes } from '../../util/bytes.ts';
import { MemberTable, TarArchive, type TarContent } from './archive.ts';
import { ByteReader } from './byte-reader.ts';
import { paddedSize } from './header.ts';
import { corruptArchive, cutShort, nextMember, type TarMember } from './members.ts';

/** Largest JSON document that is kept: a manifest, config or small index. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** Limit for all kept documents together: thousands of images. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Lists of an archive, which may be longer than other documents. */
const LISTS: ReadonlySet<string> = new Set(['index.json', 'manifest.json', 'repositories']);
const MAX_LIST_BYTES = 32 * 1024 * 1024;

const HEAD_BYTES = 512;

/** A file in a stream: its content can be read once, before the next file is requested. */
export interface StreamedFile extends TarMember {
  /** Its first 512 bytes. */
  readonly head: Uint8Array;
  body(): Bytes;
}

/**
 * An archive that is read as a stream. JSON documents are kept in memory, because they describe the
 * other files and may be anywhere. Everything else is passed on.
 */
export class TarStream implements AsyncDisposable {
  readonly path: string;
  readonly #reader: ByteReader;
  readonly #again: (() => Promise<Bytes>) | undefined;
  readonly #members: MemberTable;
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;

  /** `again` reopens the stream, if that is possible. */
  constructor(path: string, bytes: Bytes, again?: () => Promise<Bytes>) {
    this.path = path;
    this.#reader = new ByteReader(bytes);
    this.#again = again;
    this.#members = new MemberTable(path);
  }

  /** Yields the files that are not kept, in stream order. @throws AppError CORRUPT_ARCHIVE */
  async *files(signal?: AbortSignal): AsyncIterable<StreamedFile> {
    for (let count = 0; ; count += 1) {
      signal?.throwIfAborted();
      const member = await nextMember(this.#reader, this.path, count);
      if (member === undefined) break;
      this.#members.add(member);
      if (member.type === 'file' && member.size > 0) yield* this.#file(member);
      await this.#skipTo(member.offset + paddedSize(member.size), member);
    }
    // Let the writer of the pipe finish: it would fail if the pipe were closed.
    await drain(this.#reader.pass(Infinity));
  }

  /** What can still be accessed after the stream has ended. */
  archive(): TarArchive {
    const content: TarContent = {
      open: (member) => this.#open(member),
      close: () => this.#reader.close(),
    };
    return new TarArchive(this.path, content, this.#members);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.close();
  }

  async *#file(member: TarMember): AsyncIterable<StreamedFile> {
    const head = await this.#reader.take(Math.min(HEAD_BYTES, member.size));
    if (isKept(member, head)) {
      await this.#keep(member, head);
      return;
    }
    let taken = false;
    yield {
      ...member,
      head,
      body: () => {
        if (taken) throw passed(this.path, member);
        taken = true;
        return this.#body(member, head);
      },
    };
  }

  async *#body(member: TarMember, head: Uint8Array): Bytes {
    yield head;
    yield* this.#reader.pass(member.size - head.byteLength);
    if (this.#reader.position < member.offset + member.size) throw cutShort(this.path, member);
  }

  async #keep(member: TarMember, head: Uint8Array): Promise<void> {
    this.#keptBytes += member.size;
    if (this.#keptBytes > MAX_KEPT_BYTES) throw tooMuch(this.path);
    const rest = await this.#reader.take(member.size - head.byteLength);
    if (head.byteLength + rest.byteLength < member.size) throw cutShort(this.path, member);
    this.#kept.set(member.offset, concat([head, rest], member.size));
  }

  async #skipTo(end: number, member: TarMember): Promise<void> {
    await drain(this.#reader.pass(end - this.#reader.position));
    if (this.#reader.position < member.offset + member.size) throw cutShort(this.path, member);
  }

  #open(member: TarMember): Bytes {
    const data = member.size === 0 ? new Uint8Array(0) : this.#kept.get(member.offset);
    if (data !== undefined) return bytesOf(data);
    if (this.#again === undefined) throw passed(this.path, member);
    return regionOf(this.#again, member);
  }
}

async function* regionOf(again: () => Promise<Bytes>, { offset, size }: TarMember): Bytes {
  const reader = new ByteReader(await again());
  try {
    await drain(reader.pass(offset));
    yield* reader.pass(size);
  } finally {
    await reader.close();
  }
}

function isKept({ name, size }: TarMember, head: Uint8Array): boolean {
  if (LISTS.has(name)) return size <= MAX_LIST_BYTES;
  return size <= MAX_DOCUMENT_BYTES && /^\s*[[{]/.test(Buffer.from(head).toString('latin1'));
}

function passed(where: string, { name }: TarMember): AppError {
  const shown = `"${sanitize(name.slice(0, 200))}"`;
  return new AppError('UNSUPPORTED', `${where}: ${shown} has passed and cannot be read again`, {
    hint: 'A stream is read once, from its start to its end: save it in a file, and name that.',
  });
}

function tooMuch(where: string): AppError {
  return corruptArchive(
    where,
    `its JSON documents exceed ${MAX_KEPT_BYTES / 1024 / 1024} MiB; save the archive in a file and name that`,
  );
}

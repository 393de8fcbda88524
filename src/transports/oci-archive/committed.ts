import type { Digest } from '../../oci/digest.ts';
import { EMPTY_INDEX, type LayoutIndex } from '../oci-layout/index-json.ts';
import type { TarArchive } from '../tar/archive.ts';
import { blobName } from '../tar/blob-names.ts';
import { openExisting, STDIO } from '../tar/open.ts';
import { versionOfFile } from '../tar/shared-file.ts';
import type { OpenContext } from '../types.ts';
import { readArchiveIndex } from './content.ts';

/** The file as it was when it was opened; `undefined` if it did not exist. */
export interface FileVersion {
  readonly version: string | undefined;
}

/** The file that a run reads or adds to, as it is on disk; other runs may replace it meanwhile. */
export class CommittedArchive implements AsyncDisposable {
  readonly #path: string;
  readonly #context: OpenContext;
  #index: LayoutIndex;
  /** The current archive, if it is open. */
  #archive: TarArchive | undefined;
  /** Archives that this run used before another run replaced them; open, so still readable. */
  readonly #former: TarArchive[] = [];
  /** Absent: the file is replaced, even if another run has changed it. */
  #addsTo: FileVersion | undefined;
  /** Set by a commit: the new file is opened on demand, which few runs need. */
  #replaced = false;
  #opening: Promise<void> | undefined;

  constructor(
    path: string,
    context: OpenContext,
    opened: {
      readonly archive: TarArchive | undefined;
      readonly index: LayoutIndex;
      readonly addsTo: FileVersion | undefined;
    },
  ) {
    this.#path = path;
    this.#context = context;
    this.#archive = opened.archive;
    this.#index = opened.index;
    this.#addsTo = opened.addsTo;
  }

  get index(): LayoutIndex {
    return this.#index;
  }

  /** Whether existing images are kept. */
  get adds(): boolean {
    return this.#addsTo !== undefined;
  }

  /** Finds the archive with this blob among those that this run uses. */
  async archiveWith(digest: Digest): Promise<TarArchive | undefined> {
    const now = await this.#current();
    const all = now === undefined ? this.#former : [now, ...this.#former];
    return all.find((one) => one.find(blobName(digest)) !== undefined) ?? now;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#current()) === undefined && this.#former.length === 0;
  }

  /** Reads the file again if another run has changed it. */
  async reread(signal?: AbortSignal): Promise<void> {
    if (this.#addsTo === undefined) return;
    if ((await versionOfFile(this.#path)) === this.#addsTo.version) return;
    const now = await openExisting(this.#path, this.#context, signal);
    const before = await this.#current();
    this.#index = now === undefined ? EMPTY_INDEX : await readArchiveIndex(now);
    this.#former.push(...(before === undefined ? [] : [before]));
    this.#archive = now;
  }

  /** Must be called after this run has replaced the file with one that has this index. */
  async replaced(index: LayoutIndex): Promise<void> {
    this.#index = index;
    if (this.#path === STDIO) return;
    if (this.#addsTo !== undefined) this.#addsTo = { version: await versionOfFile(this.#path) };
    const before = this.#archive;
    this.#archive = undefined;
    this.#replaced = true;
    await before?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive?.[Symbol.asyncDispose]();
    for (const former of this.#former) await former[Symbol.asyncDispose]();
  }

  async #current(): Promise<TarArchive | undefined> {
    if (this.#replaced) {
      this.#opening ??= this.#reopen().finally(() => (this.#opening = undefined));
      await this.#opening;
    }
    return this.#archive;
  }

  async #reopen(): Promise<void> {
    this.#archive = await openExisting(this.#path, this.#context);
    this.#replaced = false;
  }
}

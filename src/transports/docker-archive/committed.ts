import type { Descriptor } from '../../oci/descriptor.ts';
import type { CallOptions } from '../../util/abort.ts';
import { openExisting } from '../tar/open.ts';
import { versionOfFile } from '../tar/shared-file.ts';
import type { OpenContext } from '../types.ts';
import { type DockerArchiveFile, readDockerArchive } from './archive.ts';
import type { DockerImageEntry } from './manifest-json.ts';
import { DockerArchiveReader } from './read-store.ts';

/** The part of a context that writing an archive needs. */
export type ArchiveContext = Pick<OpenContext, 'stdin' | 'stdout' | 'tempDir' | 'temporaries'>;

interface ExistingArchive {
  readonly saved: DockerArchiveFile;
  readonly reader: DockerArchiveReader;
}

/** The file that a run adds to, as it is on disk; other runs may replace it meanwhile. */
export class CommittedArchive implements AsyncDisposable {
  readonly #path: string;
  readonly #context: ArchiveContext;
  /** The version of the file that this run has read. */
  #version: string | undefined;
  #current: ExistingArchive | undefined;
  /** Archives that this run used before another run replaced them; open, so still readable. */
  readonly #former: ExistingArchive[] = [];

  constructor(path: string, context: ArchiveContext) {
    this.#path = path;
    this.#context = context;
  }

  get images(): readonly DockerImageEntry[] {
    return this.#current?.saved.images ?? [];
  }

  get reader(): DockerArchiveReader | undefined {
    return this.#current?.reader;
  }

  get saved(): DockerArchiveFile | undefined {
    return this.#current?.saved;
  }

  /** Finds the archive with this blob among those that this run uses. */
  async readerWith(
    descriptor: Descriptor,
    options?: CallOptions,
  ): Promise<DockerArchiveReader | undefined> {
    const all = this.#current === undefined ? this.#former : [this.#current, ...this.#former];
    for (const { reader } of all) if (await reader.has(descriptor, options)) return reader;
    return undefined;
  }

  /** Must be called before the first use. @throws AppError CORRUPT_ARCHIVE, UNSUPPORTED, IO */
  async open(signal?: AbortSignal): Promise<void> {
    this.#version = await versionOfFile(this.#path);
    this.#current = await this.#read(signal);
  }

  /** Reads the file again if another run has changed it. */
  async reread(signal?: AbortSignal): Promise<void> {
    if ((await versionOfFile(this.#path)) === this.#version) return;
    if (this.#current !== undefined) this.#former.push(this.#current);
    this.#current = await this.#read(signal);
  }

  /** Must be called after this run has replaced the file. */
  async replaced(signal?: AbortSignal): Promise<void> {
    const before = this.#current;
    this.#current = await this.#read(signal);
    this.#version = await versionOfFile(this.#path);
    await before?.reader[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.reader[Symbol.asyncDispose]();
    for (const { reader } of this.#former) await reader[Symbol.asyncDispose]();
  }

  async #read(signal?: AbortSignal): Promise<ExistingArchive | undefined> {
    const tar = await openExisting(this.#path, this.#context, signal);
    if (tar === undefined) return undefined;
    try {
      const saved = await readDockerArchive(tar);
      return { saved, reader: new DockerArchiveReader(`docker-archive:${this.#path}`, saved) };
    } catch (error) {
      await tar[Symbol.asyncDispose]();
      throw error;
    }
  }
}

import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar } from '../tar/open.ts';
import { StreamStore } from '../tar/stream-store.ts';
import type { TarStream } from '../tar/stream.ts';
import type { OpenContext } from '../types.ts';
import type { LayerInfo } from './layers.ts';
import { StreamedLayers } from './stream-layers.ts';
import { DockerArchiveReader } from './read-store.ts';
import { readDockerArchive } from './archive.ts';

/**
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, IO
 * @example
 * import { openDockerArchiveForRead, type OpenContext } from '@regctl/cli/transports';
 *
 * async function list(context: OpenContext) {
 *   await using archive = await openDockerArchiveForRead('image.tar', context);
 *   for await (const tags of archive.capabilities.tags?.tags() ?? []) console.log(tags);
 * }
 */
export async function openDockerArchiveForRead(
  path: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const label = `docker-archive:${path}`;
  const opened = await openTar(path, context, options?.signal);
  if (opened instanceof TarArchive) return openDockerTar(label, opened);
  return createDockerArchiveReader(label, opened, context.tempDir);
}

/**
 * Reads the images of a streamed archive. `open` creates the store at the end of the stream, by
 * default from `manifest.json`. `facts`: what was learned about the layers.
 */
export function createDockerArchiveReader(
  label: string,
  stream: TarStream,
  tempDir: string,
  open: (archive: TarArchive, facts: LayerFacts) => Promise<ReadStore> = (archive, facts) =>
    openDockerTar(label, archive, facts),
): ReadStore {
  const layers = new StreamedLayers(stream, tempDir);
  return new StreamStore(label, {
    sources: (call) => layers.sources(call),
    skip: (call) => layers.skip(call),
    open: () => open(stream.archive(), layers.facts),
    close: () => stream[Symbol.asyncDispose](),
  });
}

/** Facts about layers, by member name. */
export type LayerFacts = ReadonlyMap<string, LayerInfo>;

/** @throws AppError CORRUPT_ARCHIVE */
export async function openDockerTar(
  label: string,
  tar: TarArchive,
  known?: LayerFacts,
): Promise<ReadStore> {
  try {
    return new DockerArchiveReader(label, await readDockerArchive(tar, known));
  } catch (error) {
    await tar[Symbol.asyncDispose]();
    throw error;
  }
}

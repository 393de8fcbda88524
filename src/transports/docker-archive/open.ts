import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar } from '../tar/open.ts';
import { StreamStore } from '../tar/stream-store.ts';
import type { OpenContext } from '../types.ts';
import type { LayerInfo } from './layers.ts';
import { StreamedLayers } from './stream-layers.ts';
import { DockerArchiveReader } from './read-store.ts';
import { readDockerArchive } from './archive.ts';

/** @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, IO */
export async function openDockerArchiveForRead(
  path: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const label = `docker-archive:${path}`;
  const opened = await openTar(path, context, options?.signal);
  if (opened instanceof TarArchive) return reader(label, opened);
  const layers = new StreamedLayers(opened, context.tempDir);
  return new StreamStore(label, {
    sources: (call) => layers.sources(call),
    skip: (call) => layers.skip(call),
    open: () => reader(label, opened.archive(), layers.facts),
    close: () => opened[Symbol.asyncDispose](),
  });
}

async function reader(
  label: string,
  tar: TarArchive,
  known?: ReadonlyMap<string, LayerInfo>,
): Promise<ReadStore> {
  try {
    return new DockerArchiveReader(label, await readDockerArchive(tar, known));
  } catch (error) {
    await tar[Symbol.asyncDispose]();
    throw error;
  }
}

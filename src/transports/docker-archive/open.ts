import type { CallOptions, ReadStore } from '../../store/types.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar } from '../tar/open.ts';
import { PassingStore } from '../tar/stream-store.ts';
import type { OpenContext } from '../types.ts';
import type { LayerFacts } from './layers.ts';
import { PassingLayers } from './stream-layers.ts';
import { DockerArchiveReader } from './read-store.ts';
import { readSaved } from './archive.ts';

/** @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, UNSUPPORTED, IO */
export async function openDockerArchiveForRead(
  place: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const label = `docker-archive:${place}`;
  const opened = await openTar(place, context, options?.signal);
  if (opened instanceof TarArchive) return reader(label, opened);
  const layers = new PassingLayers(opened, context.tempDir);
  return new PassingStore(label, {
    arrivals: (call) => layers.arrivals(call),
    skip: (call) => layers.skip(call),
    open: () => reader(label, opened.archive(), layers.facts),
    close: () => opened[Symbol.asyncDispose](),
  });
}

async function reader(
  label: string,
  tar: TarArchive,
  known?: ReadonlyMap<string, LayerFacts>,
): Promise<ReadStore> {
  try {
    return new DockerArchiveReader(label, await readSaved(tar, known));
  } catch (error) {
    await tar[Symbol.asyncDispose]();
    throw error;
  }
}

import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import {
  createDockerArchiveReader,
  openDockerTar,
  type LayerFacts,
} from '../docker-archive/open.ts';
import { TarArchive } from '../tar/archive.ts';
import { openTar } from '../tar/open.ts';
import type { OpenContext } from '../types.ts';
import { openLayoutTar } from './store.ts';

/**
 * Opens the output of `docker save` or an OCI layout in a tar. What a stream is turns out at its
 * end; the label of a file begins with its scheme.
 * @throws AppError PATH_UNKNOWN, CORRUPT_ARCHIVE, CORRUPT_LAYOUT, UNSUPPORTED, IO
 */
export async function openAnyArchive(
  path: string,
  context: OpenContext,
  options?: CallOptions,
): Promise<ReadStore> {
  const open = async (tar: TarArchive, facts?: LayerFacts): Promise<ReadStore> =>
    tar.find('manifest.json') === undefined && tar.find('index.json') !== undefined
      ? openLayoutTar(path, context, tar)
      : openDockerTar(`docker-archive:${path}`, tar, facts);
  const opened = await openTar(path, context, options?.signal);
  return opened instanceof TarArchive
    ? open(opened)
    : createDockerArchiveReader(opened.path, opened, context.tempDir, open);
}

import { AppError } from '../../errors/app-error.ts';
import { FileTree } from '../../image/files/file-tree.ts';
import type { ByteText } from '../../image/tar/byte-text.ts';
import { isEntry } from '../../image/tar/entry.ts';
import { HeaderError } from '../../image/tar/header.ts';
import { TarReader } from '../../image/tar/reader.ts';
import type { Bytes } from '../../util/bytes.ts';

/**
 * Passes on the tar of a future layer, and checks that container engines can unpack it alone: its
 * headers, its paths, and the targets of its hard links. `onEntry` is told of each path.
 * @throws AppError CORRUPT_LAYER
 */
export async function* inspectTar(
  tar: Bytes,
  file: string,
  onEntry: (path: ByteText) => void,
): Bytes {
  const reader = new TarReader();
  const tree = new FileTree({ refusesLoops: true });
  let size = 0;
  const check = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      throw error instanceof HeaderError ? noLayer(file, error.message) : error;
    }
  };
  for await (const chunk of tar) {
    size += chunk.byteLength;
    check(() => {
      for (const event of reader.push(chunk)) {
        if (!isEntry(event)) continue;
        tree.add(event, 0);
        onEntry(event.path);
      }
    });
    yield chunk;
  }
  check(() => reader.finish());
  if (size === 0) throw noLayer(file, 'it is empty');
}

function noLayer(file: string, rule: string): AppError {
  return new AppError('CORRUPT_LAYER', `cannot append ${file}: ${rule}`, {
    hint: 'A layer is a tar archive, plain or compressed with gzip or zstd, or a directory.',
  });
}

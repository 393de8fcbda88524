import { resolve } from 'node:path';
import { exportFiles } from '../../image/files/export-files.ts';
import { readFileTree } from '../../image/files/image-files.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { formatSize } from '../../util/text/units.ts';
import type { Context } from '../context.ts';
import { closing, openImageLayers, type LayersContext } from '../input/layers.ts';
import { readArgument } from '../input/read.ts';
import { writeNamedFile } from '../output/named-file.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Writes the merged files of an image to a file or to standard output. */
export async function run(
  context: LayersContext & Pick<Context, 'cwd'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const file = input.args[1] ?? '-';
  const opened = await openImageLayers(context, location, {
    ...options,
    isReadTwice: true,
    usesTables: false,
  });
  let bytes: Bytes;
  try {
    const { stack } = opened;
    const tree = await readFileTree(stack, options);
    const onLayerDone = (number: number): Promise<void> => opened.release(number);
    bytes = closing(exportFiles(tree, stack, { ...options, onLayerDone }), opened);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
  if (file === '-') return { kind: 'bytes', bytes, isArchive: true };
  let size = 0;
  const counted = async function* (): Bytes {
    for await (const chunk of bytes) {
      size += chunk.byteLength;
      yield chunk;
    }
  };
  await writeNamedFile(resolve(context.cwd, file), counted());
  const { digest } = opened.view.descriptor;
  return {
    kind: 'value',
    json: { Source: location.text, Digest: digest, File: file, Size: size },
    text: () => `${file}: ${formatSize(size)}`,
  };
}

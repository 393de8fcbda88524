import { openFile } from '../../image/files/open-file.ts';
import type { CallOptions } from '../../util/abort.ts';
import { closing, openImageLayers, type LayersContext } from '../input/layers.ts';
import { readArgument } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Prints a file of an image. */
export async function run(
  context: LayersContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const path = readArgument(input, 1, 'PATH');
  const opened = await openImageLayers(context, location, {
    ...options,
    isReadTwice: true,
    usesTables: true,
  });
  try {
    const bytes = await openFile(opened.stack, path, location.text, options);
    return { kind: 'bytes', bytes: closing(bytes, opened) };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

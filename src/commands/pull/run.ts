import type { CallOptions } from '../../util/abort.ts';
import { readArgument, readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { CopyContext } from '../transfer/flags.ts';
import { inDaemon, placeOf, requireRegistry, withoutDaemon } from '../transfer/place.ts';
import { transfer } from '../transfer/transfer.ts';
import type { Input } from '../types.ts';

/** Copies from a registry to the Docker daemon or another location. @throws as `copy` does */
export async function run(
  context: CopyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const image = readArgument(input, 0, 'IMAGE');
  const [, place] = input.args;
  const from = context.locate(image);
  requireRegistry(from, 'pull', image);
  const form = readText(input, 'format');
  const to =
    place === undefined
      ? inDaemon(from, readFlag(input, 'allTags'))
      : placeOf(context, { verb: 'pull', image, place, form });
  // `copy` has a different option of this name.
  const copy = { ...input, options: { ...input.options, format: undefined } };
  try {
    return await transfer(context, copy, { from, to }, options);
  } catch (error) {
    throw withoutDaemon(error, [`pull ${image} image.tar`, `copy ${image} oci:DIR`]);
  }
}

import type { CallOptions } from '../../util/abort.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { CopyContext } from '../transfer/flags.ts';
import { inDaemon, placeOf, requireRegistry, withoutDaemon } from '../transfer/place.ts';
import { transfer } from '../transfer/transfer.ts';
import type { Input } from '../types.ts';

/** Copies from the Docker daemon or another location to a registry. @throws as `copy` does */
export async function run(
  context: CopyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const place = input.args.length > 1 ? readArgument(input, 0, 'PLACE') : undefined;
  const image = readArgument(input, place === undefined ? 0 : 1, 'IMAGE');
  const to = context.locate(image);
  requireRegistry(to, 'push', image);
  const from =
    place === undefined
      ? inDaemon(to, readFlag(input, 'allTags'))
      : placeOf(context, { verb: 'push', image, place });
  try {
    return await transfer(context, input, { from, to }, options);
  } catch (error) {
    throw withoutDaemon(error, [`push image.tar ${image}`, `copy oci:DIR ${image}`]);
  }
}

import type { CallOptions } from '../../util/abort.ts';
import { readArgument } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { CopyContext } from '../transfer/flags.ts';
import { transfer } from '../transfer/transfer.ts';
import type { Input } from '../types.ts';

/** Copies an image, or with `--all-tags` a repository. @throws as copyImage and copyTags do */
export async function run(
  context: CopyContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const locations = {
    from: context.locate(readArgument(input, 0, 'SOURCE')),
    to: context.locate(readArgument(input, 1, 'DESTINATION')),
  };
  return transfer(context, input, locations, options);
}

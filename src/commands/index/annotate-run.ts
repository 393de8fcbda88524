import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { changeIndex, requireIndex } from './change.ts';
import type { IndexContext } from './create-run.ts';
import { indexAnnotations } from './options.ts';

/** Sets and removes annotations of an index, of its entries, or of the manifests that it lists. */
export async function run(
  context: IndexContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  if (indexAnnotations(input).length === 0) {
    throw new AppError('USAGE', 'cannot annotate: no annotation is named', {
      hint: 'Add --annotation KEY=VALUE or --unset-annotation KEY.',
    });
  }
  return changeIndex(context, input, options, async (index) => {
    requireIndex(index, 'annotate');
    return index.children;
  });
}

import { withoutChildren } from '../../build/index/select.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { changeIndex, requireIndex } from './change.ts';
import type { IndexContext } from './create-run.ts';

/** Removes platforms, with their attestations, or digests from an index. */
export async function run(
  context: IndexContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const words = input.args.slice(1);
  if (words.length === 0) {
    throw new AppError('USAGE', 'cannot remove from an index: no platform or digest is named', {
      hint: 'Name what goes: regctl index remove INDEX linux/arm64',
    });
  }
  return changeIndex(context, input, options, async (index) => {
    requireIndex(index, 'remove from');
    const children = withoutChildren(index.children, words, index.text);
    if (children.length > 0) return children;
    throw new AppError('USAGE', `cannot empty ${index.text}: nothing would be left in it`, {
      hint: `Delete it instead: regctl delete ${index.text}`,
    });
  });
}

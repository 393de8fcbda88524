import { filterChildren, mergeChildren, readSource } from '../../build/index/children.ts';
import { AppError } from '../../errors/app-error.ts';
import { parsePlatforms } from '../../oci/platform.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readList } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { changeIndex } from './change.ts';
import type { IndexContext } from './create-run.ts';
import { openRoots } from './sources.ts';

/** Adds images, and the children of indexes, to an index. @throws AppError PLATFORM_CONFLICT */
export async function run(
  context: IndexContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const given = { names: input.args.slice(1), files: readList(input, 'fromFile') };
  if (given.names.length + given.files.length === 0) {
    throw new AppError('USAGE', 'cannot add to an index: no image is named', {
      hint: 'Name the images: regctl index add INDEX IMAGE…',
    });
  }
  const { platform } = context.flags;
  const wanted = platform === undefined ? [] : parsePlatforms(platform);
  return changeIndex(context, input, options, async (index, { workspace, built }) => {
    const home = async () => index.store;
    const roots = await openRoots(context, workspace, given, home, options);
    const added = [];
    for (const root of roots) {
      const { children, text } = await readSource(built, root, options);
      added.push(filterChildren(children, wanted, text));
    }
    return mergeChildren([index.children, ...added]);
  });
}

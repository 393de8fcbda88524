import type { CallOptions } from '../../util/abort.ts';
import { listTags, type TagsContext } from './run.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Runs `tags` with skopeo's JSON as the default output. */
export async function run(
  context: TagsContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  return listTags(context, input, options, 'json');
}

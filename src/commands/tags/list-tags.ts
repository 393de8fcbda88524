import type { CallOptions } from '../../store/types.ts';
import { listTags } from './run.ts';
import type { Context, Input, Result } from '../types.ts';

/** `tags` with skopeo's JSON as its default. */
export async function run(context: Context, input: Input, options: CallOptions): Promise<Result> {
  return listTags(context, input, options, 'json');
}

import type { ResolvePurpose } from '../../store/types.ts';
import { abortable } from '../../util/abort.ts';
import type { RequestContext } from '../requests.ts';
import { askManifest, getManifest, readDescriptor, readManifest } from './read.ts';
import type { FoundManifest, HeadManifestOptions } from '../types.ts';

/**
 * Sends one HEAD or GET, depending on `purpose`, which is awaited after the registry's challenge is
 * answered. `raw` is set with a GET. Undefined on 404 to a HEAD.
 * @throws like getManifest and `purpose`
 */
export async function findManifest(
  context: RequestContext,
  ref: string,
  purpose: Promise<ResolvePurpose>,
  options: HeadManifestOptions = {},
): Promise<FoundManifest | undefined> {
  const wanted = (): Promise<ResolvePurpose> => abortable(purpose, options.signal);
  const sent: { method: 'GET' | 'HEAD' } = { method: 'HEAD' };
  const resolveMethod = async (): Promise<'GET' | 'HEAD'> => {
    sent.method = (await wanted()) === 'content' ? 'GET' : 'HEAD';
    return sent.method;
  };
  const response = await askManifest(context, 'HEAD', ref, { ...options, resolveMethod });
  if (sent.method === 'GET') return readManifest(context, ref, response, options);
  const found = await readDescriptor(context, ref, response, options);
  // There was no challenge, so `purpose` was not awaited.
  if (found === undefined || (await wanted()) === 'descriptor') return found;
  return getManifest(context, ref, options);
}

import type { ResolvePurpose } from '../../store/types.ts';
import { abortable } from '../../util/abort.ts';
import type { RequestContext } from '../requests.ts';
import { askManifest, getManifest, readDescriptor, readManifest } from './read.ts';
import type { FoundManifest, HeadManifestOptions } from '../types.ts';

/**
 * One HEAD or GET, as `purpose` comes to say: it is waited for when the registry's challenge has been
 * met. `raw` comes with a GET. Undefined on 404 to a HEAD. @throws as getManifest; what `purpose` throws
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
  // There was no challenge to meet, and so nothing to wait for.
  if (found === undefined || (await wanted()) === 'descriptor') return found;
  return getManifest(context, ref, options);
}

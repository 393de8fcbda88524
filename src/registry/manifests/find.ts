import type { CallOptions, Want } from '../../store/types.ts';
import { abortable } from '../../util/abort.ts';
import type { Connection } from '../requests.ts';
import { askManifest, getManifest, readDescriptor, readManifest } from './manifests.ts';
import type { FoundManifest } from '../types.ts';

/**
 * One HEAD or GET, as `want` comes to say: it is waited for when the registry's challenge has been
 * met. `raw` comes with a GET. Undefined on 404 to a HEAD. @throws as getManifest; what `want` throws
 */
export async function findManifest(
  connection: Connection,
  ref: string,
  want: Promise<Want>,
  options: CallOptions = {},
): Promise<FoundManifest | undefined> {
  const wanted = (): Promise<Want> => abortable(want, options.signal);
  const sent: { method: 'GET' | 'HEAD' } = { method: 'HEAD' };
  const decide = async (): Promise<'GET' | 'HEAD'> => {
    sent.method = (await wanted()) === 'content' ? 'GET' : 'HEAD';
    return sent.method;
  };
  const response = await askManifest(connection, 'HEAD', ref, { ...options, decide });
  if (sent.method === 'GET') return readManifest(connection, ref, response, options);
  const found = await readDescriptor(connection, ref, response, options);
  // There was no challenge to meet, and so nothing to wait for.
  if (found === undefined || (await wanted()) === 'descriptor') return found;
  return getManifest(connection, ref, options);
}

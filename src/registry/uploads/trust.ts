import { knownRegistry } from '../../config/registries/lookup.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { CallOptions } from '../../util/abort.ts';
import { hasBlob } from '../blobs/blobs.ts';
import type { RequestContext } from '../requests.ts';

/**
 * Whether a blob may be sent to this registry in more than one request. Some keep only the last
 * part, or report an offset that is not theirs: by the table of known registries, or as this run
 * has seen.
 */
export function mayContinue({ deps, registry }: RequestContext): boolean {
  return (
    knownRegistry(registry)?.wholeUploads !== true && deps.wholeUploads?.has(registry) !== true
  );
}

/** From now on, this run sends each blob to this registry in one request. */
export function distrust({ deps, registry }: RequestContext): void {
  deps.wholeUploads?.add(registry);
}

/** Bytes that the registry has of a blob; `undefined` if it does not have it or does not say. */
export async function storedSize(
  context: RequestContext,
  { digest }: Descriptor,
  options: CallOptions,
): Promise<number | undefined> {
  return (await hasBlob(context, digest, options))?.size;
}

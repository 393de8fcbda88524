import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isForeignLayerType } from '../../oci/media-types.ts';

/**
 * Returns the first successful answer of a foreign layer's addresses if the registry lacks
 * it. `ask` sends no credentials, and only to allowed addresses (CVE-2020-15157).
 */
export async function readElsewhere(
  { mediaType, urls = [] }: Descriptor,
  response: HttpResponse,
  ask: (url: URL) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const addresses = urls.filter((url) => URL.canParse(url)).map((url) => new URL(url));
  if (response.status !== 404 || !isForeignLayerType(mediaType) || addresses.length === 0) {
    return response;
  }
  await response.discard();
  let failure: unknown;
  for (const url of addresses) {
    try {
      const found = await ask(url);
      if (found.status === 200 || found.status === 206) return found;
      await found.discard();
      failure = new AppError('BLOB_UNKNOWN', `${url.host} answered ${found.status}`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

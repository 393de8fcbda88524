import type { HttpResponse } from '../http/types.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * Statuses by which registries say that a write is done: 201 by the specification, 202 and 204 by
 * several, 200 by proxies in front of them. A web server answers 200 to everything, so that those
 * other than the specification's own take a second sign (distribution-spec v1.1.1).
 */
const WRITTEN: ReadonlySet<number> = new Set([200, 201, 202, 204]);

/**
 * Statuses of a HEAD that say nothing of what was asked for: a GET does. A 403 comes from where the
 * registry redirects to an address that was signed for GET; and an error that a 401 or 403 is has
 * words only in the answer to a GET.
 */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 401, 403, 405, 406, 415, 501]);

export function isHeadRefused({ status }: Pick<HttpResponse, 'status'>): boolean {
  return HEAD_REFUSED.has(status);
}

export function isWritten({ status }: Pick<HttpResponse, 'status'>): boolean {
  return WRITTEN.has(status);
}

/** The answer names the content, by its digest or by the address that it now has. */
export function namesContent({ headers }: Pick<HttpResponse, 'headers'>, digest: Digest): boolean {
  return (
    headers.get('docker-content-digest')?.trim() === digest || isBlobLocation({ headers }, digest)
  );
}

/** `Location` is the blob's own address: …/blobs/<digest>, whatever host and prefix it has. */
export function isBlobLocation(
  { headers }: Pick<HttpResponse, 'headers'>,
  digest: Digest,
): boolean {
  const path = pathOf(headers.get('location'));
  return path?.endsWith(`/blobs/${digest}`) === true;
}

/** `Location` is an upload's: …/blobs/uploads/<session>. */
export function isUploadLocation({ headers }: Pick<HttpResponse, 'headers'>): boolean {
  return pathOf(headers.get('location'))?.includes('/uploads/') === true;
}

function pathOf(location: string | undefined): string | undefined {
  const text = location?.trim() ?? '';
  if (text === '' || !URL.canParse(text, 'http://registry/')) return undefined;
  const { pathname } = new URL(text, 'http://registry/');
  return pathname.replaceAll(/%3a/giu, ':');
}

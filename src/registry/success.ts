import type { HttpResponse } from '../http/types.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * Statuses with which registries report a successful write: 201 by the specification, 202 and 204
 * by several, 200 by proxies in front of them. A web server answers 200 to everything, so statuses
 * outside the specification need a second sign (distribution-spec v1.1.1).
 */
const WRITTEN: ReadonlySet<number> = new Set([200, 201, 202, 204]);

/**
 * Statuses of a HEAD that need a GET to interpret. A 403 comes from registries that redirect to an
 * address that is signed for GET; and if 401 or 403 is a real error, only the answer to a GET has
 * its text.
 */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 401, 403, 405, 406, 415, 501]);

export function isHeadRefused({ status }: Pick<HttpResponse, 'status'>): boolean {
  return HEAD_REFUSED.has(status);
}

export function isWritten({ status }: Pick<HttpResponse, 'status'>): boolean {
  return WRITTEN.has(status);
}

/** Whether the answer names the content, by its digest or by its new address. */
export function namesContent({ headers }: Pick<HttpResponse, 'headers'>, digest: Digest): boolean {
  return (
    headers.get('docker-content-digest')?.trim() === digest || isBlobLocation({ headers }, digest)
  );
}

/** Whether `Location` is the blob's own address: …/blobs/<digest>, with any host and prefix. */
export function isBlobLocation(
  { headers }: Pick<HttpResponse, 'headers'>,
  digest: Digest,
): boolean {
  const path = pathOf(headers.get('location'));
  return path?.endsWith(`/blobs/${digest}`) === true;
}

/** Whether `Location` is that of an upload: …/blobs/uploads/<session>. */
export function isUploadLocation({ headers }: Pick<HttpResponse, 'headers'>): boolean {
  return pathOf(headers.get('location'))?.includes('/uploads/') === true;
}

function pathOf(location: string | undefined): string | undefined {
  const text = location?.trim() ?? '';
  if (text === '' || !URL.canParse(text, 'http://registry/')) return undefined;
  const { pathname } = new URL(text, 'http://registry/');
  return pathname.replaceAll(/%3a/giu, ':');
}

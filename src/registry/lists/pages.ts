import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { request, type RequestContext, type Operation } from '../requests.ts';
import {
  contentTypeOf,
  type ErrorResponse,
  hasErrorCode,
  isHtml,
  readErrorResponse,
} from '../errors/body.ts';
import { notARegistryHint } from '../errors/hints.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { nextUrl } from './link-header.ts';
import { createPageGuard, tooLarge } from './page-guard.ts';

/** Amazon ECR and registry:2 reject more. */
export const MAX_PAGE_ENTRIES = 1_000;
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

export interface Listing<T> {
  readonly operation: Operation;
  readonly url: URL;
  readonly accept?: string;
  /** The only accepted Content-Type of an answer; absent: any JSON. */
  readonly contentType?: string;
  /** The entries of one page's JSON body; throws if it has another form. */
  readonly entries: (body: unknown) => readonly T[];
  /** Identifies an entry, for the guard against repeated pages. */
  readonly key: (entry: T) => string;
  /** Judges an answer that is not a page; `undefined` ends the listing without an error. */
  readonly refuse?: (answer: ErrorResponse) => Error | undefined;
}

/**
 * Yields pages in order, following `Link: rel="next"` (distribution-spec v1.1.1, "Listing tags").
 * @throws AppError PAGINATION_LOOP, RESPONSE_TOO_LARGE; RegistryError
 */
export async function* pages<T>(
  context: RequestContext,
  listing: Listing<T>,
  options: CallOptions = {},
): AsyncGenerator<readonly T[]> {
  const guard = createPageGuard(listing);
  let url: URL | undefined = listing.url;
  while (url !== undefined) {
    const response = await openPage(context, listing, url, options);
    if (response === undefined) return;
    const body = await readPage(context, listing.operation, response, (count) =>
      guard.takeBytes(count),
    );
    const entries = listing.entries(body);
    const next = nextUrl(response.headers.all('link'), url);
    const goOn = guard.check(entries, url, next);
    if (entries.length > 0) yield entries;
    if (!goOn) return;
    url = next;
  }
}

async function openPage<T>(
  context: RequestContext,
  listing: Listing<T>,
  url: URL,
  options: CallOptions,
): Promise<HttpResponse | undefined> {
  const headers = { accept: listing.accept ?? 'application/json' };
  const response = await request(context, 'GET', url, { headers, signal: options.signal });
  if (response.status === 200 && isWanted(response, listing)) return response;
  const answer = await readErrorResponse('GET', response);
  if (hasErrorCode(answer, 'PAGINATION_NUMBER_INVALID') && url.searchParams.has('n')) {
    url.searchParams.delete('n');
    return openPage(context, listing, url, options);
  }
  const error =
    listing.refuse === undefined
      ? registryErrorFrom(context, listing.operation, answer)
      : listing.refuse(answer);
  if (error === undefined) return undefined;
  throw error;
}

function isWanted<T>(response: HttpResponse, listing: Listing<T>): boolean {
  if (isHtml(response.headers, '')) return false;
  const type = contentTypeOf(response.headers);
  return listing.contentType === undefined || type === listing.contentType;
}

async function readPage(
  context: RequestContext,
  operation: Operation,
  response: HttpResponse,
  takeBytes: (count: number) => void,
): Promise<unknown> {
  try {
    const raw = await collect(response.body, MAX_PAGE_BYTES, () =>
      tooLarge(operation, MAX_PAGE_BYTES),
    );
    takeBytes(raw.byteLength);
    return parseJsonStrict(raw, 'REGISTRY_ERROR', `answer from ${context.registry}`);
  } finally {
    await response.discard();
  }
}

export function notAList(context: RequestContext, operation: Operation, what: string): AppError {
  return new AppError(
    'REGISTRY_ERROR',
    `cannot ${operation.action} ${operation.target}: the answer has no ${what}`,
    { hint: notARegistryHint(context.registry) },
  );
}

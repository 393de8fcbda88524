import { AppError } from '../../errors/app-error.ts';
import type { Operation } from '../requests.ts';

const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
const MAX_PAGES = 10_000;
/** Completely filtered pages that are accepted before a list is considered endless. */
const MAX_EMPTY_PAGES = 100;

/** Limits a listing, so that no registry can continue it forever. */
export interface PageGuard<T> {
  /** @throws AppError RESPONSE_TOO_LARGE if all pages together are too long */
  takeBytes(count: number): void;
  /**
   * Whether to continue to `next`. @throws AppError PAGINATION_LOOP; a repeated page throws before
   * it is returned
   */
  check(entries: readonly T[], current: URL, next: URL | undefined): boolean;
}

export function createPageGuard<T>(listing: {
  readonly operation: Operation;
  readonly key: (entry: T) => string;
}): PageGuard<T> {
  const { operation } = listing;
  const seen = new Set<string>();
  let previous: ReadonlySet<string> = new Set();
  let empty = 0;
  let total = 0;
  return {
    takeBytes(count) {
      total += count;
      if (total > MAX_TOTAL_BYTES) throw tooLarge(operation, MAX_TOTAL_BYTES);
    },
    check(entries, current, next) {
      seen.add(current.href);
      const keys = new Set(entries.map((entry) => listing.key(entry)));
      const nothingNew = keys.size > 0 && [...keys].every((key) => previous.has(key));
      if (nothingNew) throw loop(operation, 'the same page came twice');
      if (keys.size > 0) previous = keys;
      empty = keys.size > 0 ? 0 : empty + 1;
      if (next === undefined) return false;
      if (seen.has(next.href) || sameCursor(current, next)) {
        // GHCR was seen to end its catalog with an empty page that links to itself.
        if (keys.size === 0) return false;
        throw loop(operation, 'a page links back to one before it');
      }
      if (seen.size >= MAX_PAGES) throw loop(operation, `it has more than ${MAX_PAGES} pages`);
      if (empty >= MAX_EMPTY_PAGES) throw loop(operation, `${MAX_EMPTY_PAGES} pages were empty`);
      return true;
    },
  };
}

function sameCursor(current: URL, next: URL): boolean {
  const last = next.searchParams.get('last');
  return last !== null && last !== '' && last === current.searchParams.get('last');
}

export function tooLarge(operation: Operation, limit: number): AppError {
  return new AppError(
    'RESPONSE_TOO_LARGE',
    `cannot ${operation.action} ${operation.target}: the answer is larger than ${limit} bytes`,
  );
}

function loop(operation: Operation, how: string): AppError {
  return new AppError(
    'PAGINATION_LOOP',
    `cannot ${operation.action} ${operation.target}: the list does not end, ${how}`,
    { hint: "The registry's paging is broken; the list would be incomplete." },
  );
}

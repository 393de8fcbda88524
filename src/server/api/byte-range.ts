import type { ByteRange } from '../storage/types.ts';

/** What a `Range` header requests: everything, one range, or no existing byte (416). */
export type RangeResult = 'all' | 'unsatisfiable' | ByteRange;

/** Parses one byte range (RFC 9110 section 14.1.2). Ignores several ranges and other units. */
export function parseRange(header: string | undefined, size: number): RangeResult {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/u.exec(header ?? '');
  if (match === null) return 'all';
  const [, start = '', end = ''] = match;
  if (start === '' && end === '') return 'all';
  if (start === '') return suffix(Number(end), size);
  const first = Number(start);
  const last = end === '' ? size - 1 : Math.min(Number(end), size - 1);
  return first > last ? 'unsatisfiable' : { first, last };
}

function suffix(length: number, size: number): RangeResult {
  if (length === 0 || size === 0) return 'unsatisfiable';
  return { first: Math.max(size - length, 0), last: size - 1 };
}

/**
 * Parses the `Content-Range` of an upload: `START-END`, both inclusive (distribution-spec v1.1.1
 * "Pushing a blob in chunks"), or HTTP's form `bytes START-END/…`. `undefined` if malformed.
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,16}|\*))?$/u.exec(header.trim());
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return last < first ? undefined : { first, last };
}

/** `Range` of an upload session; `0-0` also for an empty one, as distribution answers. */
export function sessionRange(offset: number): string {
  return `0-${Math.max(offset - 1, 0)}`;
}

import type { ByteText } from './byte-text.ts';
import { badMap, pairs, type SparseRange } from './sparse.ts';
import { decimal, HeaderError } from './header.ts';

/** What the extended headers before a member say about it. */
export interface ExtendedFields {
  name?: ByteText | undefined;
  link?: ByteText | undefined;
  /** Of GNU's own headers, which count more, wherever they stand: container engines read them so. */
  gnuName?: ByteText | undefined;
  gnuLink?: ByteText | undefined;
  size?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  mtime?: number | undefined;
  xattrs?: Map<ByteText, ByteText>;
  /** Size of a sparse file with its holes. */
  realSize?: number | undefined;
  ranges?: SparseRange[];
  /** GNU.sparse format 1.0: the ranges stand before the data. */
  rangesInData?: boolean;
}

/** Largest extended header; Go's reader has the same limit. */
export const MAX_EXTENDED_BYTES: number = 1024 * 1024;

const XATTR = 'SCHILY.xattr.';

/** PAX records, "LENGTH KEY=VALUE\n" (POSIX pax). @throws HeaderError */
function readPax(body: Buffer, into: ExtendedFields): void {
  const offsets: number[] = [];
  const sizes: number[] = [];
  const records = new Map<string, string>();
  for (const [key, value] of paxRecords(body)) {
    if (key === 'GNU.sparse.offset') offsets.push(decimal(value));
    else if (key === 'GNU.sparse.numbytes') sizes.push(decimal(value));
    else if (key.startsWith(XATTR)) {
      into.xattrs ??= new Map();
      into.xattrs.set(key.slice(XATTR.length), value);
    } else records.set(key, value);
  }
  // An empty value takes back what an earlier header said: the block's own field counts.
  const string = (key: string): string | undefined => records.get(key) || undefined;
  const number = (key: string): number | undefined => {
    const value = string(key);
    return value === undefined ? undefined : decimal(value);
  };
  into.name = string('path') ?? into.name;
  into.link = string('linkpath') ?? into.link;
  into.size = number('size') ?? into.size;
  into.uid = number('uid') ?? into.uid;
  into.gid = number('gid') ?? into.gid;
  into.mtime = number('mtime') ?? into.mtime;
  const map = string('GNU.sparse.map');
  if (records.get('GNU.sparse.major') === '1') into.rangesInData = true;
  else if (map !== undefined) into.ranges = pairs(map.split(',').map(decimal));
  else if (offsets.length > 0 || records.has('GNU.sparse.numblocks')) {
    if (offsets.length !== sizes.length) throw badMap();
    into.ranges = offsets.map((offset, i) => ({ offset, size: sizes[i] ?? 0 }));
  }
  into.name = string('GNU.sparse.name') ?? into.name;
  into.realSize = number('GNU.sparse.realsize') ?? number('GNU.sparse.size') ?? into.realSize;
}

/** Reads an extended header of any kind. @throws HeaderError */
export function readExtended(flag: string, body: Buffer, into: ExtendedFields): void {
  if (flag === 'x' || flag === 'X') return readPax(body, into);
  // Headers for all entries ("g") are ignored, as container engines do.
  if (flag !== 'L' && flag !== 'K') return;
  const end = body.indexOf(0);
  const text = body.toString('latin1', 0, end < 0 ? body.byteLength : end);
  if (flag === 'L') into.gnuName = text;
  else into.gnuLink = text;
}

function* paxRecords(body: Buffer): Iterable<readonly [key: string, value: string]> {
  for (let at = 0; at < body.byteLength;) {
    const space = body.indexOf(0x20, at);
    const digits = body.toString('latin1', at, Math.max(at, space));
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    const isRecord =
      /^[0-9]{1,9}$/u.test(digits) && equals >= 0 && equals < end && end <= body.byteLength;
    if (!isRecord || body[end - 1] !== 0x0a)
      throw new HeaderError('an extended header is malformed');
    yield [
      body.toString('latin1', space + 1, equals),
      body.toString('latin1', equals + 1, end - 1),
    ];
    at = end;
  }
}

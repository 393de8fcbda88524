import type { ByteText } from './byte-text.ts';
import type { FileType, Inode } from './entry.ts';
import { BLOCK_BYTES, paddingOf } from './header.ts';

/** The type flags of ustar. */
const FLAGS: Readonly<Record<FileType, string>> = {
  file: '0',
  directory: '5',
  symlink: '2',
  char: '3',
  block: '4',
  fifo: '6',
};

/** The end of an archive. */
export const END_BYTES: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);

/** Fills the last block of a file's content. */
export function padding(size: number): Uint8Array {
  return END_BYTES.subarray(0, paddingOf(size));
}

/** A record of a PAX header: a key and its value. */
export type PaxRecord = readonly [key: string, value: ByteText];

/**
 * Encodes the header of an entry: a ustar block (POSIX pax, "ustar Interchange Format"), after PAX
 * records for what does not fit it. User and group names are left out: they mean something else on
 * another machine. `hardLink` is the path of the entry that it links to, `more` are other records.
 */
export function encodeEntry(
  path: ByteText,
  inode: Inode,
  hardLink?: ByteText,
  more: readonly PaxRecord[] = [],
): Uint8Array {
  const isDirectory = inode.type === 'directory';
  const name = isDirectory ? `${path === '' ? '.' : path}/` : path;
  const isLink = hardLink !== undefined;
  const link = hardLink ?? inode.link ?? '';
  const size = isLink ? 0 : inode.size;
  const records: PaxRecord[] = [...more];
  const fit = (key: string, value: number, digits: number): number => {
    if (Number.isInteger(value) && value >= 0 && value < 8 ** digits) return value;
    records.push([key, String(value)]);
    return Math.min(Math.max(Math.floor(value), 0), 8 ** digits - 1);
  };
  if (name.length > 100) records.push(['path', name]);
  if (link.length > 100) records.push(['linkpath', link]);
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name.slice(0, 100), 0, 'latin1');
  octal(block, inode.mode, 7, 100);
  octal(block, fit('uid', inode.uid, 7), 7, 108);
  octal(block, fit('gid', inode.gid, 7), 7, 116);
  octal(block, fit('size', size, 11), 11, 124);
  octal(block, fit('mtime', inode.mtime, 11), 11, 136);
  block.write(isLink ? '1' : FLAGS[inode.type], 156, 'latin1');
  block.write(link.slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  const [major, minor] = inode.device ?? [0, 0];
  octal(block, major, 7, 329);
  octal(block, minor, 7, 337);
  sign(block);
  if (!isLink)
    for (const [key, value] of inode.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);
  return records.length === 0 ? block : Buffer.concat([paxHeader(records), block]);
}

function paxHeader(records: readonly PaxRecord[]): Buffer {
  const body = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''), 'latin1');
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write('PaxHeaders.0/entry', 0, 'latin1');
  octal(block, 0o644, 7, 100);
  octal(block, 0, 7, 108);
  octal(block, 0, 7, 116);
  octal(block, body.byteLength, 11, 124);
  octal(block, 0, 11, 136);
  block.write('x', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  sign(block);
  return Buffer.concat([block, body, padding(body.byteLength)]);
}

/** "LENGTH KEY=VALUE\n", where LENGTH counts its own digits. */
function paxRecord(key: string, value: ByteText): ByteText {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length)
    length = rest.length + String(length).length;
  return `${length}${rest}`;
}

function octal(block: Buffer, value: number, digits: number, at: number): void {
  block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
}

/** Writes the checksum, which counts its own field as eight spaces. */
export function sign(block: Buffer): void {
  let sum = 8 * 32;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** A member of a packed directory. */
export interface PackedMember {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permissions with the set-id and sticky bits. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Target of a symbolic link; otherwise empty. */
  readonly link: string;
}

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const FLAGS = { file: '0', symlink: '2', directory: '5' } as const;

/**
 * Header blocks of a member as Go's archive/tar writes them (writer.go, Go 1.26): USTAR if it can
 * say everything, else PAX. Owner and group are 0, without names.
 */
export function goHeader(member: PackedMember): Uint8Array {
  const records = paxRecords(member);
  const split = splitName(member.name);
  const isPlainName = isAscii(member.name) && (byteLength(member.name) <= NAME_BYTES || !!split);
  const needsPax = Object.keys(records).some((key) => key !== 'path') || !isPlainName;
  if (!needsPax) return mainBlock(member, split?.name ?? member.name, split?.prefix ?? '');
  const body = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('');
  const data = Buffer.from(body);
  const [dir, base] = splitLast(member.name);
  const padded = Buffer.concat([data, Buffer.alloc(padding(data.byteLength))]);
  return Buffer.concat([
    extendedBlock(joinPath(dir, 'PaxHeaders.0', base), data.byteLength),
    padded,
    mainBlock({ ...member, link: ascii(member.link) }, ascii(member.name), ''),
  ]);
}

export function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** What USTAR cannot say, sorted by key. */
function paxRecords({ name, link, size, mtime }: PackedMember): Readonly<Record<string, string>> {
  return {
    ...(isLong(link) ? { linkpath: link } : {}),
    ...(fitsOctal(mtime, 12) ? {} : { mtime: String(mtime) }),
    ...(isLong(name) ? { path: name } : {}),
    ...(fitsOctal(size, 12) ? {} : { size: String(size) }),
  };
}

function isLong(value: string): boolean {
  return !isAscii(value) || byteLength(value) > NAME_BYTES;
}

function mainBlock(member: PackedMember, name: string, prefix: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  text(block, 0, NAME_BYTES, name);
  octal(block, 100, 8, member.mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, member.size);
  octal(block, 136, 12, member.mtime);
  block.write(FLAGS[member.type], 156, 'latin1');
  text(block, 157, NAME_BYTES, member.link);
  octal(block, 329, 8, 0);
  octal(block, 337, 8, 0);
  text(block, 345, PREFIX_BYTES, prefix);
  return finished(block);
}

function extendedBlock(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  text(block, 0, NAME_BYTES, ascii(name).slice(0, NAME_BYTES).replace(/\/+$/u, ''));
  octal(block, 100, 8, 0);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, 0);
  block.write('x', 156, 'latin1');
  return finished(block);
}

/** The checksum counts its own field as eight spaces. */
function finished(block: Buffer): Buffer {
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 8 * 32);
  octal(block, 148, 7, sum);
  block.write(' ', 155, 'latin1');
  return block;
}

/** Ends at the field's end: Go needs no NUL there. */
function text(block: Buffer, offset: number, bytes: number, value: string): void {
  const data = Buffer.from(value);
  data.copy(block, offset, 0, bytes);
  // Some readers take a file for a directory if its cut name ends with a slash.
  if (data.byteLength > bytes && block[offset + bytes - 1] === 0x2f) {
    const kept = data.toString('latin1', 0, bytes - 1).replace(/\/+$/u, '').length;
    block[offset + kept] = 0;
  }
}

function octal(block: Buffer, offset: number, bytes: number, value: number): void {
  const digits = fitsOctal(value, bytes) ? value.toString(8) : '0';
  block.write(digits.padStart(bytes - 1, '0'), offset, 'latin1');
}

function fitsOctal(value: number, bytes: number): boolean {
  return value >= 0 && value < 8 ** (bytes - 1);
}

/** A long name as prefix and name, which a reader joins with a slash. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (name.length <= NAME_BYTES || !isAscii(name)) return undefined;
  const at = name
    .slice(0, PREFIX_BYTES + 1)
    .replace(/\/$/u, (slash) => (name.length > PREFIX_BYTES + 1 ? slash : ''))
    .lastIndexOf('/');
  const rest = name.length - at - 1;
  if (at <= 0 || rest > NAME_BYTES || rest === 0 || at > PREFIX_BYTES) return undefined;
  return { prefix: name.slice(0, at), name: name.slice(at + 1) };
}

/** "LENGTH KEY=VALUE\n"; the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = byteLength(key) + byteLength(value) + 3;
  let size = rest + String(rest).length;
  if (String(size).length + rest !== size) size = rest + String(size).length;
  return `${size} ${key}=${value}\n`;
}

function splitLast(name: string): readonly [dir: string, base: string] {
  const at = name.lastIndexOf('/') + 1;
  return [name.slice(0, at), name.slice(at)];
}

function joinPath(dir: string, ...names: readonly string[]): string {
  return [dir.replace(/\/$/u, ''), ...names].filter((part) => part !== '').join('/');
}

function isAscii(value: string): boolean {
  return /^[\x01-\x7f]*$/u.test(value);
}

function ascii(value: string): string {
  return value.replaceAll(/[^\x01-\x7f]/gu, '');
}

function byteLength(value: string): number {
  return Buffer.byteLength(value);
}

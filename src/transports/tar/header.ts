import type { Header } from 'tar-stream';

/** Size of a tar block. */
export const BLOCK_BYTES = 512;

export type TarType = 'file' | 'link' | 'symlink' | 'other';

/** One decoded member header, merged with the PAX and GNU headers before it. */
export interface TarHeader {
  readonly name: string;
  readonly type: TarType;
  /** Bytes of content; 0 for links. */
  readonly size: number;
  /** Target of a link; otherwise empty. */
  readonly target: string;
}

/** Archives older than POSIX have no magic number; only the checksum identifies a header. */
const LENIENT = { allowUnknownFormat: true, highWaterMark: 16 * 1024 };

const TYPES: Readonly<Record<string, TarType>> = {
  file: 'file',
  'contiguous-file': 'file',
  link: 'link',
  symlink: 'symlink',
};

/**
 * Decodes the header blocks of one member: any PAX or GNU headers with their bodies, then its own.
 * @throws Error if the blocks are not a tar header
 */
export async function decodeHeader(blocks: Uint8Array): Promise<TarHeader> {
  const { extract } = await import('tar-stream');
  const decoder = extract(LENIENT);
  try {
    const header = await new Promise<Header>((resolve, reject) => {
      decoder.once('entry', (found, body) => {
        body.on('error', ignore);
        resolve(found);
      });
      decoder.once('error', reject);
      decoder.once('finish', () => reject(new Error('the header is incomplete')));
      decoder.write(Buffer.from(blocks));
    });
    return headerOf(header);
  } finally {
    decoder.on('error', ignore);
    decoder.destroy();
  }
}

/** The package's types omit null: a plain file has no link target. */
type Decoded = Pick<Header, 'name' | 'type' | 'size'> & { readonly linkname: string | null };

function headerOf({ name, type, size, linkname }: Decoded): TarHeader {
  const kind = TYPES[type] ?? 'other';
  const isLink = kind === 'link' || kind === 'symlink';
  return { name, type: kind, size: isLink ? 0 : size, target: linkname ?? '' };
}

/**
 * The header fields that vary. Owner and date (1970) are fixed, so that archives are reproducible.
 */
interface OwnHeader {
  readonly name: string;
  readonly size: number;
}

export async function encodeHeader(header: OwnHeader): Promise<Uint8Array> {
  return plainHeader(header) ?? packedHeader(header);
}

const MODE = 0o644;
/** The smallest size that eleven octal digits cannot express. */
const TOO_LARGE = 8 ** 11;

/**
 * Builds one ustar block (POSIX pax, "ustar Interchange Format"); `undefined` if one block is not
 * enough.
 */
function plainHeader({ name, size }: OwnHeader): Uint8Array | undefined {
  if (!/^[ -~]{1,100}$/u.test(name) || size >= TOO_LARGE) return undefined;
  const block = Buffer.alloc(BLOCK_BYTES);
  const number = (value: number, digits: number, offset: number): void => {
    block.write(`${value.toString(8).padStart(digits, '0')} `, offset, 'latin1');
  };
  block.write(name, 0, 'latin1');
  number(MODE, 6, 100);
  number(0, 6, 108);
  number(0, 6, 116);
  number(size, 11, 124);
  number(0, 11, 136);
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  number(0, 6, 329);
  number(0, 6, 337);
  // The checksum counts its own field as eight spaces.
  const sum = block.reduce((total, byte) => total + byte, 8 * 32);
  number(sum, 6, 148);
  return block;
}

/** Builds a header, with extended headers if they are needed. */
async function packedHeader({ name, size }: OwnHeader): Promise<Uint8Array> {
  const { pack } = await import('tar-stream');
  const packer = pack();
  packer.on('error', ignore);
  const body = packer.entry({
    name,
    type: 'file',
    size,
    mode: MODE,
    mtime: new Date(0),
  });
  body.on('error', ignore);
  const blocks: Uint8Array[] = [];
  let wanted = Infinity;
  let taken = 0;
  for await (const block of packer as AsyncIterable<Uint8Array>) {
    blocks.push(Uint8Array.from(block));
    taken += block.byteLength;
    if (blocks.length === 1) wanted = headerBytes(block);
    if (taken >= wanted) break;
  }
  return Buffer.concat(blocks);
}

/**
 * Counts the header bytes: a long name adds an extended header with a body before the member's own.
 */
function headerBytes(first: Uint8Array): number {
  return isExtendedHeader(first)
    ? 2 * BLOCK_BYTES + paddedSize(extendedHeaderSize(first))
    : BLOCK_BYTES;
}

/**
 * Type flags of headers that describe the next member: PAX, PAX for all, GNU long name and link.
 */
const EXTENDED_FLAGS: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K']);

export function typeFlagOf(block: Uint8Array): string {
  return String.fromCharCode(block[156] ?? 0);
}

export function isExtendedHeader(block: Uint8Array): boolean {
  return EXTENDED_FLAGS.has(typeFlagOf(block));
}

/**
 * Content size in bytes of an extended header; octal only, because no program writes one of 8 GiB.
 */
export function extendedHeaderSize(block: Uint8Array): number {
  const text = Buffer.from(block.subarray(124, 136)).toString('latin1');
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  return digits === undefined ? Number.NaN : Number.parseInt(digits, 8);
}

export function paddedSize(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

function ignore(): void {}

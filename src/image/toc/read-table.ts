import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { algorithmOf, digestOf, isDigest } from '../../oci/digest.ts';
import type { BlobPart, BlobRanges } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { CompressionFormat } from '../../util/compression/types.ts';
import { isEntry, type TarEntry } from '../tar/entry.ts';
import { HeaderError } from '../tar/header.ts';
import { TarReader } from '../tar/reader.ts';
import { LayerTable, TableError } from './table.ts';

/** A smaller layer is read in one request, whole. */
const MIN_LAYER_BYTES = 64 * 1024;
/** Larger tables take more memory than a layer that is read as it arrives. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;
/** The end of an eStargz layer, in which many tables fit. */
const TAIL_BYTES = 64 * 1024;

const STARGZ_DIGEST = 'containerd.io/snapshot/stargz/toc.digest';
const CHUNKED_DIGEST = 'io.github.containers.zstd-chunked.manifest-checksum';
const CHUNKED_POSITION = 'io.github.containers.zstd-chunked.manifest-position';

/** The table of a layer, and how its chunks are compressed. */
export interface VerifiedTable {
  readonly table: LayerTable;
  readonly format: CompressionFormat;
}

/** Whether the manifest names a table of contents of the layer. */
export function namesTable({ annotations = {} }: Descriptor): boolean {
  return annotations[CHUNKED_DIGEST] !== undefined || annotations[STARGZ_DIGEST] !== undefined;
}

export interface ReadTableOptions extends CallOptions {
  /** Whether to read that of a small layer, too. */
  readonly isSmallRead?: boolean;
  /** Called if it does not have the digest that the manifest names. */
  readonly onWrongDigest?: () => void;
}

/**
 * Reads the table of contents of a layer that has one, by its parts. `undefined` unless it has the
 * digest that the manifest names: then the layer itself has to be read.
 */
export async function readTable(
  ranges: BlobRanges | undefined,
  layer: Descriptor,
  { isSmallRead = false, onWrongDigest, ...options }: ReadTableOptions = {},
): Promise<VerifiedTable | undefined> {
  if (ranges === undefined || (layer.size < MIN_LAYER_BYTES && !isSmallRead)) return undefined;
  const { annotations = {} } = layer;
  const read: ReadPart = (part) => ranges.read(layer, part, options);
  const [chunked, stargz] = [annotations[CHUNKED_DIGEST], annotations[STARGZ_DIGEST]];
  try {
    if (chunked !== undefined)
      return await zstdChunked(read, layer, chunked, annotations[CHUNKED_POSITION] ?? '');
    return stargz === undefined ? undefined : await eStargz(read, layer, stargz);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof WrongDigestError) onWrongDigest?.();
    // Whatever is wrong is reported when the layer is read.
    const isTable = error instanceof TableError || error instanceof HeaderError;
    if (isTable || error instanceof AppError) return undefined;
    throw error;
  }
}

class WrongDigestError extends TableError {}

type ReadPart = (part: BlobPart) => Promise<Uint8Array | undefined>;

/** The annotation has offset, size, size without compression, and type of the table. */
async function zstdChunked(
  read: ReadPart,
  { size: layerSize }: Descriptor,
  digest: string,
  position: string,
): Promise<VerifiedTable | undefined> {
  const [, offset, size, plainSize] = (
    /^(\d{1,15}):(\d{1,15}):(\d{1,15}):1$/u.exec(position) ?? []
  ).map(Number);
  if (offset === undefined || size === undefined || plainSize === undefined) return undefined;
  if (size > MAX_TABLE_BYTES || plainSize > MAX_TABLE_BYTES || offset + size > layerSize)
    return undefined;
  const bytes = size === 0 ? undefined : await read({ offset, size });
  if (bytes === undefined) return undefined;
  if (!hasDigest(bytes, digest)) throw new WrongDigestError();
  const json = await decompress(bytes, 'zstd', plainSize);
  return { table: new LayerTable(json, offset), format: 'zstd' };
}

const FOOTER_BYTES = 51;

/** The footer is an empty gzip member, whose extra field says where the member of the table begins. */
async function eStargz(
  read: ReadPart,
  { size }: Descriptor,
  digest: string,
): Promise<VerifiedTable | undefined> {
  const tailAt = Math.max(0, size - TAIL_BYTES);
  const tail = await read({ offset: tailAt, size: size - tailAt });
  if (tail === undefined) return undefined;
  const footer = Buffer.from(tail.subarray(-FOOTER_BYTES)).toString('latin1');
  const [, hex = ''] = /^\u001f\u008b.{14}([0-9a-f]{16})STARGZ/su.exec(footer) ?? [];
  const [offset, end] = [Number.parseInt(hex, 16), size - FOOTER_BYTES];
  if (!Number.isSafeInteger(offset) || offset >= end || end - offset > MAX_TABLE_BYTES)
    return undefined;
  const before = offset < tailAt ? await read({ offset, size: tailAt - offset }) : new Uint8Array();
  if (before === undefined) return undefined;
  const rest = tail.subarray(Math.max(0, offset - tailAt), tail.byteLength - FOOTER_BYTES);
  const tar = await decompress(Buffer.concat([before, rest]), 'gzip', MAX_TABLE_BYTES);
  const { entry, content } = onlyFile(tar);
  if (!hasDigest(content, digest)) throw new WrongDigestError();
  return { table: new LayerTable(content, offset, [entry]), format: 'gzip' };
}

/** The member holds a tar of one file, which is a file of the layer, too. */
function onlyFile(tar: Uint8Array): { readonly entry: TarEntry; readonly content: Uint8Array } {
  const events = new TarReader(() => true).push(tar);
  const [entry, ...content] = events;
  if (entry === undefined || !isEntry(entry) || content.some((one) => !(one instanceof Uint8Array)))
    throw new TableError('it is not in a file of its own');
  return { entry, content: Buffer.concat(content as Uint8Array[]) };
}

/** Whether bytes have a digest that a table or manifest names. */
export function hasDigest(bytes: Uint8Array, digest: string): boolean {
  return isDigest(digest) && digestOf(bytes, algorithmOf(digest)) === digest;
}

function fail(rule: string): Error {
  return new TableError(rule);
}

async function decompress(
  bytes: Uint8Array,
  format: CompressionFormat,
  maxBytes: number,
): Promise<Uint8Array> {
  const limits = { maxBytes, maxRatio: Infinity, ratioFrom: maxBytes, maxWindow: 2 ** 27, fail };
  const plain = createCodec().decompress(bytesOf(bytes), format, limits);
  return collect(plain, maxBytes, () => new TableError('it is too large'));
}

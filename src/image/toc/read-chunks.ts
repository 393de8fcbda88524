import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { hasDigest } from './read-table.ts';
import type { BlobPart, BlobRanges } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import type { CompressionFormat } from '../../util/compression/types.ts';
import { corruptLayer } from '../layer-bytes.ts';
import type { Chunk, StoredChunk } from './table.ts';

/** Bytes that one request reads, unless one chunk is larger. */
const REQUEST_BYTES = 4 * 1024 * 1024;
/** A chunk is in memory until its digest is known to be right. */
const MAX_CHUNK_BYTES = 32 * 1024 * 1024;

export interface ChunkSource {
  readonly label: string;
  readonly layer: Descriptor;
  readonly ranges: BlobRanges;
  readonly format: CompressionFormat;
}

/**
 * The content of a file, chunk by chunk, each verified before it is passed on. `undefined` if the
 * first ones cannot be read so, or little is saved.
 */
export async function openChunks(
  source: ChunkSource,
  chunks: readonly Chunk[],
  options: CallOptions = {},
): Promise<Bytes | undefined> {
  const groups = groupsOf(chunks);
  const isLarge = chunks.some(
    ({ size, stored }) =>
      size + (stored?.inner ?? 0) > MAX_CHUNK_BYTES ||
      (stored !== undefined && stored.end - stored.offset > MAX_CHUNK_BYTES),
  );
  const stored = groups.reduce((sum, group) => sum + bytesIn(group), 0);
  if (isLarge || stored * 2 > source.layer.size) return undefined;
  const [first, ...others] = groups;
  if (first === undefined) return bytesOf(new Uint8Array());
  let start: readonly Uint8Array[];
  try {
    start = await readGroup(source, first, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Nothing is printed yet: the whole layer has the last word.
    if (error instanceof AppError) return undefined;
    throw error;
  }
  return (async function* (): Bytes {
    yield* start;
    for (const group of others) yield* await readGroup(source, group, options);
  })();
}

/** Neighbors that one request reads together. */
function groupsOf(chunks: readonly Chunk[]): readonly (readonly Chunk[])[] {
  const groups: Chunk[][] = [];
  let start: number | undefined;
  let sum = 0;
  for (const chunk of chunks) {
    const { stored, size } = chunk;
    const isNear =
      stored === undefined ||
      start === undefined ||
      (stored.offset >= start && stored.end - start <= REQUEST_BYTES);
    const group = isNear && sum + size <= MAX_CHUNK_BYTES ? groups.at(-1) : undefined;
    if (group === undefined) {
      groups.push([chunk]);
      start = stored?.offset;
      sum = size;
    } else {
      group.push(chunk);
      start ??= stored?.offset;
      sum += size;
    }
  }
  return groups;
}

/** The part of the layer that a group is in; `undefined` if it is all holes. */
function partOf(group: readonly Chunk[]): BlobPart | undefined {
  const stored = group.flatMap((chunk) => chunk.stored ?? []);
  const [first] = stored;
  if (first === undefined) return undefined;
  const end = stored.reduce((last, one) => Math.max(last, one.end), 0);
  return { offset: first.offset, size: end - first.offset };
}

const bytesIn = (group: readonly Chunk[]): number => partOf(group)?.size ?? 0;

async function readGroup(
  source: ChunkSource,
  group: readonly Chunk[],
  options: CallOptions,
): Promise<readonly Uint8Array[]> {
  const part = partOf(group);
  const bytes =
    part === undefined ? new Uint8Array() : await source.ranges.read(source.layer, part, options);
  if (bytes === undefined)
    throw new AppError('REGISTRY_ERROR', `${source.label} does not send parts of blobs`);
  const out: Uint8Array[] = [];
  for (const chunk of group) {
    const { stored, size } = chunk;
    if (stored === undefined) {
      out.push(new Uint8Array(size));
      continue;
    }
    const from = stored.offset - (part?.offset ?? 0);
    const slice = bytes.subarray(from, from + stored.end - stored.offset);
    const plain = await unpack(source, slice, stored, size);
    if (!hasDigest(plain, chunk.digest)) throw wrongChunk(source, chunk);
    out.push(plain);
  }
  return out;
}

/** `size` bytes; what follows them belongs to other files. */
async function unpack(
  { label, layer, format }: ChunkSource,
  bytes: Uint8Array,
  { inner }: StoredChunk,
  size: number,
): Promise<Uint8Array> {
  const out = Buffer.alloc(size);
  const fail = (rule: string, cause?: unknown): Error => corruptLayer(label, layer, rule, cause);
  const limits = { maxBytes: 2 ** 40, maxRatio: Infinity, ratioFrom: 2 ** 40, maxWindow: 2 ** 27 };
  let [skip, filled] = [inner, 0];
  for await (const piece of createCodec().decompress(bytesOf(bytes), format, { ...limits, fail })) {
    const own = piece.subarray(Math.min(skip, piece.byteLength));
    skip -= piece.byteLength - own.byteLength;
    out.set(own.subarray(0, size - filled), filled);
    filled += Math.min(own.byteLength, size - filled);
    if (filled === size) return out;
  }
  throw fail('it is cut short');
}

function wrongChunk({ label, layer }: ChunkSource, { digest, position }: Chunk): AppError {
  return new AppError(
    'DIGEST_MISMATCH',
    `${label}: layer ${layer.digest} does not have what its table of contents says`,
    {
      why: [`the bytes at ${position} of the file do not have the digest ${digest}`],
      hint: 'The layer was altered, or built wrong. Read it whole: regctl export IMAGE',
    },
  );
}

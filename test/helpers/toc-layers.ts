import { createCipheriv, createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { byteText } from '../../src/image/tar/byte-text.ts';
import { impliedDirectory } from '../../src/image/tar/entry.ts';
import { encodeEntry, END_BYTES, padding } from '../../src/image/tar/writer.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import type { TestImage } from './images.ts';

export type Format = 'estargz' | 'zstd:chunked';

export interface TocLayer {
  readonly blob: Buffer;
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Files in their order: content, the target of a hard link, or a member as the table has it. */
export type Files = Readonly<Record<string, Buffer | { readonly hardLink: string }>>;

/** A table that does not fit its layer, or not its digest. */
export interface TableChange {
  readonly entries?: (
    all: readonly Record<string, unknown>[],
  ) => readonly Readonly<Record<string, unknown>>[];
  readonly digest?: Digest;
}

/**
 * A layer with a table of contents, as stargz-snapshotter and containers/storage write them: each
 * chunk of content is compressed by itself, the table stands after them.
 */
export function tocLayer(
  format: Format,
  files: Files,
  chunkSize = 256 * 1024,
  change: TableChange = {},
): TocLayer {
  const isStargz = format === 'estargz';
  const tar: Uint8Array[] = [];
  const compress = (bytes: Uint8Array): Buffer => {
    tar.push(bytes);
    return isStargz ? gzipSync(bytes) : zstdCompressSync(bytes);
  };
  const parts: Buffer[] = [];
  const entries: Record<string, unknown>[] = [];
  let offset = 0;
  let rest: Uint8Array = new Uint8Array();
  const add = (bytes: Buffer): void => {
    parts.push(bytes);
    offset += bytes.byteLength;
  };
  for (const [name, content] of Object.entries(files)) {
    const isLink = !Buffer.isBuffer(content);
    const size = isLink ? 0 : content.byteLength;
    const inode = { ...impliedDirectory(0), type: 'file', mode: 0o644, size } as const;
    const header = encodeEntry(byteText(name), inode, isLink ? content.hardLink : undefined);
    rest = Buffer.concat([rest, header]);
    const common = { name, mode: 0o644, modtime: '1970-01-01T00:00:00Z' };
    if (isLink) {
      entries.push({ ...common, type: 'hardlink', linkName: content.hardLink });
      continue;
    }
    const first = entries.length;
    for (let at = 0; at < size; at += chunkSize) {
      const chunk = content.subarray(at, at + chunkSize);
      if (at === 0) add(compress(rest));
      const isHole = !isStargz && !chunk.some((byte) => byte !== 0);
      const isLast = at + chunkSize >= size;
      const more = {
        ...(at > 0 ? { chunkOffset: at } : {}),
        ...(size > chunkSize && !(isStargz && isLast) ? { chunkSize: chunk.byteLength } : {}),
      };
      const place = isHole
        ? { chunkType: 'zeros', ...(at === 0 ? { offset } : {}) }
        : { offset, chunkDigest: digestOf(chunk) };
      const own =
        at === 0
          ? { ...common, type: 'reg', size, digest: digestOf(content) }
          : { name, type: 'chunk' };
      entries.push({ ...own, ...more, ...place });
      add(compress(chunk));
    }
    if (size === 0) entries.push({ ...common, type: 'reg' });
    else if (!isStargz) entries[first] = { ...entries[first], endOffset: offset };
    rest = size === 0 ? rest : padding(size);
  }
  const listed = change.entries?.(entries) ?? entries;
  const json = Buffer.from(JSON.stringify({ version: 1, entries: listed }));
  const mediaType = isStargz ? MEDIA_TYPE.ociLayerGzip : MEDIA_TYPE.ociLayerZstd;
  if (!isStargz) {
    add(compress(Buffer.concat([rest, END_BYTES])));
    const packed = zstdCompressSync(json);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x184d2a50, 0);
    head.writeUInt32LE(packed.byteLength, 4);
    add(head);
    const position = `${offset}:${packed.byteLength}:${json.byteLength}:1`;
    add(packed);
    return layerOf(Buffer.concat(parts), Buffer.concat(tar), mediaType, {
      'io.github.containers.zstd-chunked.manifest-checksum': change.digest ?? digestOf(packed),
      'io.github.containers.zstd-chunked.manifest-position': position,
    });
  }
  add(compress(rest));
  const inode = { ...impliedDirectory(0), type: 'file', mode: 0, size: json.byteLength } as const;
  const footer = footerOf(offset);
  const header = encodeEntry('stargz.index.json', inode);
  add(compress(Buffer.concat([header, json, padding(json.byteLength), END_BYTES])));
  add(footer);
  return layerOf(Buffer.concat(parts), Buffer.concat(tar), mediaType, {
    'containerd.io/snapshot/stargz/toc.digest': change.digest ?? digestOf(json),
  });
}

/** An empty gzip member, whose extra field has the offset of the table. */
function footerOf(offset: number): Buffer {
  const field = Buffer.from(
    `SG\u0016\u0000${offset.toString(16).padStart(16, '0')}STARGZ`,
    'latin1',
  );
  const head = Buffer.from('1f8b08040000000000ff1a00', 'hex');
  return Buffer.concat([head, field, Buffer.from('010000ffff0000000000000000', 'hex')]);
}

function layerOf(
  blob: Buffer,
  tar: Buffer,
  mediaType: string,
  annotations: Readonly<Record<string, string>>,
): TocLayer {
  const descriptor = { mediaType, digest: digestOf(blob), size: blob.byteLength, annotations };
  return { blob, descriptor, diffId: digestOf(tar) };
}

/** An image of one layer with a table of contents. */
export function tocImage(format: Format, files: Files, change?: TableChange): TestImage {
  const layer = tocLayer(format, files, undefined, change);
  const nodes = new Map<Digest, { descriptor: Descriptor; bytes: Uint8Array }>();
  const add = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(value));
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    nodes.set(descriptor.digest, { descriptor, bytes });
    return descriptor;
  };
  nodes.set(layer.descriptor.digest, { descriptor: layer.descriptor, bytes: layer.blob });
  const config = add(MEDIA_TYPE.ociConfig, {
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  });
  const mediaType = MEDIA_TYPE.ociManifest;
  const body = { schemaVersion: 2, mediaType, config, layers: [layer.descriptor] };
  return { root: add(mediaType, body), nodes };
}

/** Bytes that do not compress, the same each time. */
export function noise(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import { digestOfName } from '../tar/blob-names.ts';
import type { TarArchive } from '../tar/archive.ts';
import { compressionOf, type Compression } from '../tar/decompress.ts';
import type { TarMember } from '../tar/members.ts';

/** The facts about a layer as it is stored. */
export interface LayerInfo {
  /** `undefined` for an uncompressed layer: the configuration has its diff ID. */
  readonly digest: Digest | undefined;
  readonly size: number;
  readonly compression: Compression;
}

export const LAYER_TYPE = {
  none: MEDIA_TYPE.dockerLayer,
  gzip: MEDIA_TYPE.dockerLayerGzip,
  zstd: MEDIA_TYPE.dockerLayerZstd,
} as const satisfies Record<Compression, string>;

/**
 * The digest in a member's name: "blobs/sha256/…" from `docker save` since version 25, "….tar" from
 * skopeo and podman for uncompressed layers, "….tar.gz" from crane and jib for compressed ones.
 * Every reader verifies it.
 */
export function digestFromName(name: string, compression: Compression): Digest | undefined {
  const hex = /^([0-9a-f]{64})\.tar(\.gz)?$/.exec(name);
  if (hex === null) return digestOfName(name);
  const fits = (hex[2] === undefined) === (compression === 'none');
  return fits ? (`sha256:${hex[1]}` as Digest) : undefined;
}

/** Reads the facts about a layer from the archive. */
export async function readLayerInfo(
  archive: TarArchive,
  member: TarMember,
  options?: CallOptions,
): Promise<LayerInfo> {
  const where = `${archive.path}: ${member.name}`;
  const compression = compressionOf(await start(archive, member), where);
  const { size } = member;
  // The configuration has the digest of an uncompressed layer.
  const digest =
    compression === 'none'
      ? undefined
      : await digestOfMember(archive, member, compression, options);
  return { digest, size, compression };
}

/** The digest in the name; without one, the whole layer is read to compute it. */
export async function digestOfMember(
  archive: TarArchive,
  member: TarMember,
  compression: Compression,
  options?: CallOptions,
): Promise<Digest> {
  return digestFromName(member.name, compression) ?? digestOfAll(archive.read(member, options));
}

export async function digestOfAll(bytes: Bytes): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256:${hash.digest('hex')}` as Digest;
}

async function start(archive: TarArchive, member: TarMember): Promise<Uint8Array> {
  for await (const chunk of archive.read(member)) return chunk;
  return new Uint8Array(0);
}

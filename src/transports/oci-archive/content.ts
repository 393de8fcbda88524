import { blobName, digestOfName } from '../tar/blob-names.ts';
import { AppError, IntegrityError } from '../../errors/app-error.ts';
import { type Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import type { Digest } from '../../oci/digest.ts';
import { LAYOUT_MARKER } from '../../oci/document-members.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { OpenOptions, Source } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { verified } from '../../store/verify.ts';
import { type Bytes, skipBytes } from '../../util/bytes.ts';
import { parseLayoutIndex, type LayoutIndex } from '../oci-layout/index-json.ts';
import type { TarArchive } from '../tar/archive.ts';
import { corruptArchive } from '../tar/members.ts';
import type { TarStream } from '../tar/stream.ts';

/** Enough for about 100 000 tags. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;
const MAX_MARKER_BYTES = 64 * 1024;

/** @throws AppError CORRUPT_ARCHIVE, CORRUPT_LAYOUT; UNSUPPORTED for another major version */
export async function readArchiveIndex(archive: TarArchive): Promise<LayoutIndex> {
  const where = `${archive.path}: oci-layout`;
  const marker = await archive.small('oci-layout', MAX_MARKER_BYTES);
  const index = await archive.small('index.json', MAX_INDEX_BYTES);
  if (marker === undefined || index === undefined) throw notALayout(archive);
  const json = parseJsonStrict(marker, 'CORRUPT_LAYOUT', where, LAYOUT_MARKER);
  const version = isRecord(json) ? json['imageLayoutVersion'] : undefined;
  if (typeof version !== 'string')
    throw new AppError('CORRUPT_LAYOUT', `${where} names no imageLayoutVersion`);
  if (!version.startsWith('1.'))
    throw new AppError('UNSUPPORTED', `${where} has the unsupported layout version ${version}`);
  return parseLayoutIndex(index, `${archive.path}: index.json`);
}

function notALayout(archive: TarArchive): AppError {
  if (archive.find('manifest.json') === undefined) {
    return corruptArchive(archive.path, 'it holds no OCI layout ("oci-layout" and "index.json")');
  }
  return new AppError('CORRUPT_ARCHIVE', `${archive.path} is not an OCI layout`, {
    hint: `It looks like the output of "docker save": name it docker-archive:${archive.path}.`,
  });
}

/**
 * @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN; IntegrityError, for a wrong size before any byte
 */
export function readBlob(
  archive: TarArchive | undefined,
  descriptor: Descriptor,
  label: string,
  options?: OpenOptions,
): Bytes {
  const name = blobName(descriptor.digest);
  const member = archive?.find(name);
  if (archive === undefined || member === undefined) {
    const code = isManifestType(descriptor.mediaType) ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
    throw new AppError(code, `${label} does not have ${descriptor.digest}`, {
      hint: `The archive is incomplete: ${name} is missing.`,
    });
  }
  if (member.size !== descriptor.size) {
    throw new IntegrityError(
      'SIZE_MISMATCH',
      `${label}: ${name} has ${member.size} bytes, its descriptor says ${descriptor.size}`,
      { expected: String(descriptor.size), actual: String(member.size) },
    );
  }
  const bytes = verified(archive.read(member, options), descriptor, `${label}: ${name}`);
  return skipBytes(bytes, options?.from ?? 0);
}

/** Reads a manifest, whether index.json lists it or not. */
export async function readSmallBlob(
  archive: TarArchive | undefined,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  return archive?.small(blobName(digest), MAX_MANIFEST_BYTES);
}

/**
 * Yields the blobs of a layout in stream order. What they are is known only at the end, when the
 * index has been read.
 */
export async function* blobsOf(stream: TarStream, options?: CallOptions): AsyncIterable<Source> {
  for await (const file of stream.files(options?.signal)) {
    const digest = digestOfName(file.name);
    if (digest === undefined) continue;
    const descriptor = { mediaType: 'application/octet-stream', digest, size: file.size };
    const where = `${stream.path}: ${file.name}`;
    yield { descriptor, open: async () => verified(file.body(), descriptor, where) };
  }
}

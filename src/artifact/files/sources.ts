import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError } from '../../errors/app-error.ts';
import { Digester } from '../../image/layer-bytes.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import type { OpenOptions, Source } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { drain, type Bytes } from '../../util/bytes.ts';
import { createCodec } from '../../util/compression/codec.ts';
import { systemError } from '../../util/errno.ts';
import { TITLE } from '../annotations.ts';
import { packDirectory } from './packed-directory.ts';

/** Annotations of a directory that ORAS packed. */
export const UNPACK = 'io.deis.oras.content.unpack';
export const CONTENT_DIGEST = 'io.deis.oras.content.digest';

/** A file or directory of this machine, as a layer. */
export interface FileToPush {
  readonly path: string;
  /** Its name in the artifact. */
  readonly title: string;
  /** Default: the types of ORAS for a file and for a directory. */
  readonly mediaType: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a file or directory once for its digest; it is read again when it is sent, so nothing is
 * held in memory or copied to disk.
 * @throws AppError PATH_UNKNOWN, IO, UNSUPPORTED
 */
export async function sourceOf(file: FileToPush, call: CallOptions = {}): Promise<Source> {
  const found = await look(file.path);
  if (found.isDirectory()) return directorySource(file, call);
  if (found.isFile()) return fileSource(file, call);
  throw new AppError(
    'UNSUPPORTED',
    `cannot push ${file.path}: it is a device, a pipe or a socket`,
    {
      hint: 'Write its content to a file first.',
    },
  );
}

async function look(path: string): ReturnType<typeof stat> {
  try {
    return await stat(path);
  } catch (error) {
    throw systemError(error, { verb: 'read', path });
  }
}

async function fileSource(file: FileToPush, { signal }: CallOptions): Promise<Source> {
  const { path } = file;
  const digester = new Digester('sha256');
  await drain(digester.through(readFile(path, { signal }), signal));
  const mediaType = file.mediaType ?? MEDIA_TYPE.ociLayer;
  const descriptor = describe({ mediaType, ...digester.result() }, file, {});
  return { descriptor, open: async (options) => readFile(path, options) };
}

async function directorySource(file: FileToPush, { signal }: CallOptions): Promise<Source> {
  const tar = new Digester('sha256');
  const packed = new Digester('sha256');
  const { path, title } = file;
  const pack = (options: CallOptions): Bytes => packDirectory(path, title, options);
  await drain(packed.through(compress(tar.through(pack({ signal }), signal)), signal));
  const mediaType = file.mediaType ?? MEDIA_TYPE.ociLayerGzip;
  const descriptor = describe({ mediaType, ...packed.result() }, file, {
    [CONTENT_DIGEST]: tar.result().digest,
    [UNPACK]: 'true',
  });
  return {
    descriptor,
    open: async ({ from = 0, signal: own }: OpenOptions = {}) =>
      skip(compress(pack({ signal: own })), from),
  };
}

function compress(bytes: Bytes): Bytes {
  return createCodec().compress(bytes, { format: 'gzip' });
}

function describe(
  descriptor: Descriptor,
  { title, annotations }: FileToPush,
  own: Readonly<Record<string, string>>,
): Descriptor {
  return { ...descriptor, annotations: { ...own, [TITLE]: title, ...annotations } };
}

async function* readFile(path: string, { from = 0, signal }: OpenOptions = {}): Bytes {
  try {
    const stream = createReadStream(path, { start: from, signal, highWaterMark: 256 * 1024 });
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    signal?.throwIfAborted();
    throw systemError(error, { verb: 'read', path });
  }
}

/** The same directory is packed to the same bytes, so an upload can go on in the middle. */
async function* skip(bytes: Bytes, count: number): Bytes {
  let left = count;
  for await (const chunk of bytes) {
    if (chunk.byteLength > left) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}

import { createHash } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { parseFileReference, titleOfPath } from '../../artifact/files/file-reference.ts';
import { requireType, UNKNOWN_CONFIG } from '../../artifact/files/manifest.ts';
import { sourceOf } from '../../artifact/files/sources.ts';
import { TITLE } from '../../artifact/annotations.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { readRegion } from '../../transports/tar/random-access.ts';
import { spool } from '../../transports/tar/spool.ts';
import type { Source } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readFlag, readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import type { GivenAnnotations } from './annotations.ts';

export type FilesContext = Pick<Context, 'cwd' | 'machine' | 'stdin' | 'tempDir' | 'warn'>;

/** The files of a command line, and what must be closed when they are sent. */
export interface GivenFiles extends AsyncDisposable {
  readonly layers: readonly Source[];
  readonly config: Source | undefined;
}

/**
 * Reads the files FILE[:TYPE] and `--config FILE[:TYPE]` for their digests; `-` is standard input.
 * @throws AppError USAGE for a name that no pull would accept, and for one that is given twice
 */
export async function readFiles(
  context: FilesContext,
  input: Input,
  written: readonly string[],
  annotations: GivenAnnotations,
  options: CallOptions,
): Promise<GivenFiles> {
  const closers: (() => Promise<void>)[] = [];
  const layers: Source[] = [];
  const titles = new Set<string>();
  const config = readText(input, 'config');
  try {
    for (const one of written) {
      const { path, mediaType } = parseFileReference(one, context.machine.os);
      if (mediaType !== undefined) requireType(mediaType);
      const own = annotations.ofFile(path);
      if (path === '-') {
        layers.push(await fromStdin(context, mediaType, own, closers, options));
        continue;
      }
      const title = own?.[TITLE] ?? titleOfPath(path, context.machine.os);
      checkTitle(context, title, readFlag(input, 'disablePathValidation'));
      if (titles.has(title)) throw usage(`cannot push two files as "${sanitize(title)}"`);
      titles.add(title);
      const file = { path: resolve(context.cwd, path), title, mediaType, annotations: own };
      layers.push(await sourceOf(file, options));
    }
    const given = config === undefined ? undefined : await configOf(context, config, options);
    return { layers, config: given, [Symbol.asyncDispose]: () => closeAll(closers) };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.all(closers.map((close) => close()));
}

/** A configuration has no title. */
async function configOf(
  { cwd, machine }: FilesContext,
  written: string,
  options: CallOptions,
): Promise<Source> {
  const { path, mediaType = UNKNOWN_CONFIG } = parseFileReference(written, machine.os);
  requireType(mediaType);
  const source = await sourceOf({ path: resolve(cwd, path), title: '', mediaType }, options);
  const { digest, size } = source.descriptor;
  return { ...source, descriptor: { mediaType, digest, size } };
}

/** An upload needs the digest first, so standard input goes to disk. */
async function fromStdin(
  context: FilesContext,
  mediaType: string | undefined,
  annotations: Readonly<Record<string, string>> | undefined,
  closers: (() => Promise<void>)[],
  options: CallOptions,
): Promise<Source> {
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of context.stdin(options)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const { file, size } = await spool(hashed(), context.tempDir, options.signal);
  closers.push(() => file.close());
  const descriptor: Descriptor = {
    mediaType: mediaType ?? MEDIA_TYPE.ociLayer,
    digest: `sha256:${hash.digest('hex')}` as Digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
  };
  const access = {
    size,
    read: async (position: number, length: number) => {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
  };
  return {
    descriptor,
    open: async ({ from = 0, signal } = {}) => readRegion(access, from, size - from, { signal }),
  };
}

function checkTitle({ warn }: FilesContext, title: string, isForced: boolean): void {
  if (isAbsolute(title) && !isForced) {
    throw new AppError('USAGE', `cannot push "${sanitize(title)}": its name is an absolute path`, {
      hint: 'Change to its directory, and name it from there.',
    });
  }
  if (isAbsolute(title) || title.split('/').includes('..')) {
    warn(`no pull writes "${sanitize(title)}": its name leads out of the directory`);
  }
}

function usage(message: string): AppError {
  return new AppError('USAGE', message);
}

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { IntegrityError } from '../../errors/app-error.ts';
import { algorithmOf, parseDigest, type Digest } from '../../oci/digest.ts';
import { requireRepository } from '../../tags/find.ts';
import { spool } from '../../transports/tar/spool.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Context } from '../context.ts';
import { inputBytes } from '../input/content.ts';
import { readArgument, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Spools the content to disk, as an upload needs its digest first. @throws IntegrityError */
export async function run(
  context: Pick<Context, 'cwd' | 'emit' | 'locate' | 'openWrite' | 'stdin' | 'tempDir'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const name = readArgument(input, 0, 'REPOSITORY');
  const location = context.locate(name);
  requireRepository(location, name);
  const given = readText(input, 'digest');
  const expected = given === undefined ? undefined : parseDigest(given);
  const algorithm = expected === undefined ? 'sha256' : algorithmOf(expected);
  const hash = createHash(algorithm);
  const content = hashed(inputBytes(context, input.args[1], options), hash);
  const { file, size } = await spool(content, context.tempDir, options.signal);
  try {
    const digest = `${algorithm}:${hash.digest('hex')}` as Digest;
    if (expected !== undefined && digest !== expected) throw wrongDigest(expected, digest);
    const descriptor = { mediaType: 'application/octet-stream', digest, size };
    await using store = await context.openWrite(location, 'single', options);
    const source = {
      descriptor,
      open: async (call?: CallOptions) => spooled(file, call?.signal),
    };
    const outcome = await store.push(source, options);
    await store.commit(options);
    const json = { Repository: store.label, Digest: digest, Size: size, Outcome: outcome };
    return { kind: 'value', json, text: () => digest };
  } finally {
    await file.close();
  }
}

const CHUNK_BYTES = 256 * 1024;

/** Reads the file from its start on each call: an upload may have to be sent again. */
async function* spooled(file: FileHandle, signal: AbortSignal | undefined): Bytes {
  for (let at = 0; ;) {
    signal?.throwIfAborted();
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* hashed(bytes: Bytes, hash: ReturnType<typeof createHash>): Bytes {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

function wrongDigest(expected: Digest, actual: Digest): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot store the blob: its digest is ${actual}, not ${expected}`,
    { expected, actual },
  );
}

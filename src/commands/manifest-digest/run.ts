import { concat } from '../../util/bytes.ts';
import { readNamedFile, TooLargeError } from '../../util/regular-file.ts';
import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { isRecord } from '../../util/json.ts';
import { digestOf } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import type { CallOptions } from '../../util/abort.ts';
import { readArgument } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Computes the sha256 digest of a manifest in a file, as skopeo does. */
export async function run(
  context: Pick<Context, 'cwd'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const name = readArgument(input, 0, 'FILE');
  const raw = await readFile(resolve(context.cwd, name), name, options);
  const digest = digestOf(signedPayload(raw, name) ?? raw);
  return { kind: 'value', json: { Digest: digest }, text: () => digest };
}

async function readFile(path: string, name: string, options: CallOptions): Promise<Uint8Array> {
  try {
    return (await readNamedFile(path, MAX_MANIFEST_BYTES, options)).bytes;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof TooLargeError) {
      const rule = `it is larger than ${MAX_MANIFEST_BYTES} bytes`;
      throw new AppError('INVALID_MANIFEST', `"${name}" is not a manifest: ${rule}`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new AppError('PATH_UNKNOWN', `file ${name} does not exist`, { cause: error })
      : new AppError('IO', `cannot read "${name}": ${message}`, { cause: error });
  }
}

/**
 * The bytes that the digest of a signed schema 1 manifest covers: its first `formatLength` bytes,
 * then `formatTail`, both from the "protected" header of its signatures (distribution v2.8.3
 * docs/spec/json.md). `undefined` for any other manifest. @throws AppError INVALID_MANIFEST
 */
function signedPayload(raw: Uint8Array, name: string): Uint8Array | undefined {
  const body = parseLoosely(raw);
  const signatures = isRecord(body) && body['schemaVersion'] === 1 ? body['signatures'] : undefined;
  if (!Array.isArray(signatures) || signatures.length === 0) return undefined;
  const headers = new Set(signatures.map((one) => (isRecord(one) ? one['protected'] : undefined)));
  const parts = [...headers].map((header) => signedParts(header, raw.byteLength));
  const [first] = parts;
  const agree = parts.every((one) => one?.length === first?.length && one?.tail === first?.tail);
  if (first === undefined || !agree) {
    throw new AppError('INVALID_MANIFEST', `cannot read the schema 1 signatures of "${name}"`);
  }
  const tail = Buffer.from(first.tail, 'base64url');
  return concat([raw.subarray(0, first.length), tail], first.length + tail.byteLength);
}

function signedParts(
  header: unknown,
  max: number,
): { readonly length: number; readonly tail: string } | undefined {
  if (typeof header !== 'string') return undefined;
  const fields = parseLoosely(Buffer.from(header, 'base64url'));
  if (!isRecord(fields)) return undefined;
  const { formatLength: length, formatTail: tail } = fields;
  if (typeof length !== 'number' || typeof tail !== 'string') return undefined;
  return Number.isSafeInteger(length) && length > 0 && length <= max ? { length, tail } : undefined;
}

/** Parses JSON; `undefined` for other content, which also has a digest. */
function parseLoosely(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(raw)) as unknown;
  } catch {
    return undefined;
  }
}

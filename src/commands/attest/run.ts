import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { PREDICATE_TYPES, predicateTypeOf } from '../../signing/formats/types.ts';
import { attestManifest } from '../../signing/sign/sign.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import type { Context } from '../context.ts';
import { inputBytes } from '../input/content.ts';
import { readArgument, readText } from '../input/read.ts';
import { signingOptions } from '../input/signing.ts';
import { signedResult } from '../output/signed.ts';
import { isRecord } from '../../util/json.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Signed, it still has to be one that is read: an envelope holds it as base64 of base64. */
const MAX_PREDICATE_BYTES = 8 * 1024 * 1024;

/** Attests something about an image. @throws AppError USAGE, CONFIG_INVALID, MANIFEST_UNKNOWN */
export async function run(
  context: Pick<
    Context,
    'cwd' | 'env' | 'flags' | 'locate' | 'now' | 'openWrite' | 'stdin' | 'terminal'
  >,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const type = readText(input, 'type');
  const predicateType = predicateTypeFor(type);
  const file = readText(input, 'predicate');
  if (file === undefined) throw new AppError('USAGE', 'attest needs a --predicate FILE');
  const signing = await signingOptions(context, input, 'attest', options);
  const bytes = await readFile(context, file, options);
  const predicate = predicateOf(bytes, { type, predicateType, file, created: signing.created });
  await using store = await context.openWrite(location, 'single', options);
  const subject = await store.resolve(location.ref, { ...options, purpose: 'content' });
  const name = location.scheme === 'docker' ? location.name : (location.tag ?? 'image');
  const request = { predicateType, predicate, name };
  const signed = await attestManifest(store, subject, request, signing);
  await store.commit(options);
  return signedResult(location, subject.digest, signed);
}

function predicateTypeFor(type: string | undefined): string {
  if (type === undefined) {
    throw new AppError('USAGE', 'attest needs a --type', {
      hint: 'Say what the predicate is: --type spdxjson',
    });
  }
  return predicateTypeOf(type);
}

async function readFile(
  context: Pick<Context, 'cwd' | 'stdin'>,
  file: string,
  options: CallOptions,
): Promise<Uint8Array> {
  const tooLarge = (): Error =>
    new AppError('USAGE', `--predicate ${file} has more than ${MAX_PREDICATE_BYTES} bytes`);
  return collect(inputBytes(context, file, options), MAX_PREDICATE_BYTES, tooLarge);
}

interface Asked {
  readonly type: string | undefined;
  readonly predicateType: string;
  readonly file: string;
  readonly created: string;
}

/**
 * The predicate as cosign makes it of the file: `spdx` is the text as it is, `custom` the text with
 * a time, all others JSON (cosign, pkg/cosign/attestation).
 */
function predicateOf(bytes: Uint8Array, { type, predicateType, file, created }: Asked): unknown {
  if (type === 'spdx') return textOf(bytes, file);
  if (predicateType !== PREDICATE_TYPES['custom']) {
    const predicate = parseJsonStrict(bytes, 'USAGE', `predicate ${file}`);
    if (isRecord(predicate)) return predicate;
    throw new AppError('USAGE', `--predicate ${file} is not a JSON object`, {
      hint: 'A predicate is an object (in-toto, spec/v1/statement.md). Any text: --type custom',
    });
  }
  return { Data: textOf(bytes, file), Timestamp: created };
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError('USAGE', `--predicate ${file} is not UTF-8 text`, { cause: error });
  }
}

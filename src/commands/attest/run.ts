import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { predicateTypeOf } from '../../signing/formats/types.ts';
import { attestManifest } from '../../signing/sign/sign.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import type { Context } from '../context.ts';
import { inputBytes } from '../input/content.ts';
import { readArgument, readText } from '../input/read.ts';
import { signingOptions } from '../input/signing.ts';
import { signedResult } from '../output/signed.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Signed, it still has to be one that is read: an envelope holds it as base64 of base64. */
const MAX_PREDICATE_BYTES = 8 * 1024 * 1024;

/** cosign wraps these in forms of its own, which are no JSON of the user. */
const WRAPPED: ReadonlySet<string> = new Set(['spdx', 'custom', 'link']);

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
  const predicateType = predicateTypeFor(readText(input, 'type'));
  const file = readText(input, 'predicate');
  if (file === undefined) throw new AppError('USAGE', 'attest needs a --predicate FILE');
  const signing = await signingOptions(context, input, 'attest', options);
  const predicate = await readPredicate(context, file, options);
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
  if (!WRAPPED.has(type)) return predicateTypeOf(type);
  throw new AppError('USAGE', `--type ${type}: regctl attests only JSON`, {
    hint: `Name the URI of its type, or use cosign: cosign attest --type ${type}`,
  });
}

async function readPredicate(
  context: Pick<Context, 'cwd' | 'stdin'>,
  file: string,
  options: CallOptions,
): Promise<unknown> {
  const tooLarge = (): Error =>
    new AppError('USAGE', `--predicate ${file} has more than ${MAX_PREDICATE_BYTES} bytes`);
  const bytes = await collect(inputBytes(context, file, options), MAX_PREDICATE_BYTES, tooLarge);
  return parseJsonStrict(bytes, 'USAGE', `predicate ${file}`);
}

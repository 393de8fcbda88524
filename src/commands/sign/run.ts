import { AppError } from '../../errors/app-error.ts';
import { manifestsToSign, signManifests } from '../../signing/sign/sign.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { parseAnnotations, readArgument, readFlag, readList } from '../input/read.ts';
import { identityOf, signingOptions } from '../input/signing.ts';
import { signedResult } from '../output/signed.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Signs an image with a key. @throws AppError USAGE, CONFIG_INVALID, MANIFEST_UNKNOWN */
export async function run(
  context: Pick<Context, 'cwd' | 'env' | 'flags' | 'locate' | 'now' | 'openWrite' | 'terminal'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const annotations = parseAnnotations(readList(input, 'annotation'));
  const reference = identityOf(location, input);
  const signing = await signingOptions(context, input, 'sign', options);
  if (reference === undefined && signing.forms.includes('simple')) {
    throw new AppError('USAGE', `cannot sign ${location.text}: the .sig form names a repository`, {
      hint: 'Say which: --sign-container-identity REGISTRY/REPOSITORY:TAG',
    });
  }
  await using store = await context.openWrite(location, 'single', options);
  const root = await store.resolve(location.ref, { ...options, purpose: 'content' });
  const subjects = await manifestsToSign(store, root, readFlag(input, 'recursive'), options);
  const request = { annotations, reference: reference ?? '' };
  const signed = await signManifests(store, subjects, request, signing);
  await store.commit(options);
  return signedResult(location, root.digest, signed);
}

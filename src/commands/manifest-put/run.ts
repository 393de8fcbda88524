import { AppError } from '../../errors/app-error.ts';
import { isDigest } from '../../oci/digest.ts';
import { describeManifest, MAX_MANIFEST_BYTES, parseManifest } from '../../oci/manifest.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import type { Context } from '../context.ts';
import { readArgument, readText } from '../input/read.ts';
import { inputBytes } from '../input/content.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** @throws AppError INVALID_MANIFEST; DIGEST_MISMATCH if the name has a different digest */
export async function run(
  context: Pick<Context, 'cwd' | 'locate' | 'openWrite' | 'stdin'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const raw = await collect(
    inputBytes(context, input.args[1], options),
    MAX_MANIFEST_BYTES,
    () => new AppError('INVALID_MANIFEST', `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`),
  );
  const manifest = parseManifest(raw, readText(input, 'contentType'));
  const descriptor = describeManifest(manifest);
  const { ref, tag } = location;
  if (ref !== undefined && isDigest(ref) && ref !== descriptor.digest) {
    throw new AppError(
      'DIGEST_MISMATCH',
      `cannot store the manifest as ${location.text}: its digest is ${descriptor.digest}`,
      { hint: 'Leave the digest out of the name, or store the manifest that has it.' },
    );
  }
  const name = tag ?? (ref === undefined && location.scheme === 'docker' ? DEFAULT_TAG : undefined);
  await using store = await context.openWrite(location, 'single', options);
  await store.push(sourceFromBytes(descriptor, raw), { ...options, tag: name });
  await store.commit(options);
  const { digest, mediaType, size } = descriptor;
  return {
    kind: 'value',
    json: { Name: location.text, Digest: digest, MediaType: mediaType, Size: size },
    text: () => digest,
  };
}

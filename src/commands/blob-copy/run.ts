import { AppError } from '../../errors/app-error.ts';
import { parseDigest } from '../../oci/digest.ts';
import { sourceFromStore } from '../../store/verify.ts';
import { requireRepository } from '../../tags/find.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readArgument } from '../input/read.ts';
import { blobIn } from '../input/blob.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** Copies one blob. @throws AppError BLOB_UNKNOWN, UNSUPPORTED if the source cannot size blobs */
export async function run(
  context: Pick<Context, 'locate' | 'openRead' | 'openWrite' | 'requireTrusted'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const [from, to] = [0, 1].map((at) => {
    const name = readArgument(input, at, at === 0 ? 'SOURCE' : 'DESTINATION');
    const location = context.locate(name);
    requireRepository(location, name);
    return location;
  });
  if (from === undefined || to === undefined) throw new AppError('USAGE', 'DESTINATION is missing');
  const digest = parseDigest(readArgument(input, 2, 'DIGEST'));
  if ((await context.requireTrusted(from, options)) !== undefined) {
    throw new AppError('USAGE', 'a signature is of an image, so it proves nothing about a blob', {
      hint: 'Copy the image: regctl copy SOURCE DESTINATION',
    });
  }
  await using source = await context.openRead(from, 'src', options);
  const descriptor = await blobIn(source, digest, options);
  await using destination = await context.openWrite(to, 'dest', options);
  const outcome = await destination.push(sourceFromStore(source, descriptor), options);
  await destination.commit(options);
  return {
    kind: 'value',
    json: { Source: from.text, Destination: to.text, Digest: digest, Outcome: outcome },
    text: () => digest,
  };
}

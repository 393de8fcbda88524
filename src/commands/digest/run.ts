import type { CallOptions } from '../../util/abort.ts';
import { openRequestedImage } from '../input/image.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type DigestContext = Pick<Context, 'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'warn'>;

/** Returns the digest of an image with HEAD; with `--platform`, that of the platform. */
export async function run(
  context: DigestContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const platform = requestedPlatform(context);
  await using store = await context.openRead(location, 'single', options);
  const { digest, mediaType, size } =
    platform === undefined
      ? await store.resolve(location.ref, options)
      : (await openRequestedImage(context, store, location.ref, options)).descriptor;
  return {
    kind: 'value',
    json: { Name: location.text, Digest: digest, MediaType: mediaType, Size: size },
    text: () => (readFlag(input, 'fullRef') ? `${location.name}@${digest}` : digest),
  };
}

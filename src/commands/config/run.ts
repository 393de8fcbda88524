import { AppError } from '../../errors/app-error.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf } from '../../util/bytes.ts';
import { openRequestedImage } from '../input/image.ts';
import { readArgument, readFlag } from '../input/read.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type ConfigContext = Pick<Context, 'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'warn'>;

/** Returns the image configuration as stored; `-o json` parses it. */
export async function run(
  context: ConfigContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  await using store = await context.openRead(location, 'single', options);
  const view = await openRequestedImage(context, store, location.ref, options);
  const { mediaType } = view.manifest.config;
  if (readFlag(input, 'image') && !isImageConfigType(mediaType)) {
    throw new AppError(
      'UNSUPPORTED',
      `${location.text} is not an image: its configuration has the type ${mediaType}`,
    );
  }
  const raw = await view.configBytes(options);
  const json = (): unknown => parseJsonStrict(raw, 'INVALID_CONFIG', 'image configuration');
  return { kind: 'bytes', bytes: bytesOf(raw), json };
}

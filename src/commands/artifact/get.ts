import { titleOf } from '../../artifact/annotations.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { openRequestedImage } from '../input/image.ts';
import { readArgument, readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type GetContext = Pick<Context, 'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'warn'>;

/** Prints one layer, or the configuration. @throws AppError PATH_UNKNOWN; USAGE for several */
export async function run(
  context: GetContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'NAME'));
  await using store = await context.openRead(location, 'single', options);
  const { manifest } = await openRequestedImage(context, store, location.ref, options);
  const title = readText(input, 'file');
  const type = readText(input, 'fileMediaType');
  const wanted = manifest.layers.filter(
    (layer) =>
      (title === undefined || titleOf(layer) === title) &&
      (type === undefined || layer.mediaType === type),
  );
  const layer = readFlag(input, 'config') ? manifest.config : onlyOf(wanted, location.text);
  const { digest, mediaType, size } = layer;
  const json = (): unknown => ({ Digest: digest, MediaType: mediaType, Size: size });
  return { kind: 'bytes', bytes: await store.fetch(layer, options), json };
}

function onlyOf(layers: readonly Descriptor[], name: string): Descriptor {
  const [only, ...others] = layers;
  if (only === undefined) {
    throw new AppError('PATH_UNKNOWN', `${name} has no such file`, {
      hint: `See what it has: regctl inspect -o text ${name}`,
    });
  }
  if (others.length === 0) return only;
  throw new AppError('USAGE', `cannot print a file of ${name}: it has ${layers.length} of them`, {
    hint: `Name one with --file, or write all: regctl artifact pull ${name}`,
  });
}

import { AppError } from '../../errors/app-error.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { openRequestedImage } from '../input/image.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readArgument, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { readAnnotations } from './annotations.ts';
import { readFiles } from './files.ts';
import { placeOf } from './names.ts';
import { publish, publishedJson } from './publish.ts';

type AttachContext = Pick<
  Context,
  | 'cwd'
  | 'emit'
  | 'flags'
  | 'hostPlatform'
  | 'locate'
  | 'machine'
  | 'now'
  | 'openWrite'
  | 'stdin'
  | 'tempDir'
  | 'warn'
>;

/** Writes files as an artifact that refers to an image. @throws AppError USAGE, MANIFEST_UNKNOWN */
export async function run(
  context: AttachContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const artifactType = readText(input, 'type') ?? readText(input, 'artifactType');
  if (artifactType === undefined) {
    throw new AppError('USAGE', '--type is missing: what is attached has a type', {
      hint: 'For an SBOM, for example: --type application/spdx+json',
    });
  }
  const annotations = await readAnnotations(input, context.cwd, options);
  const written = input.args.slice(1);
  if (written.length === 0 && Object.keys(annotations.manifest).length === 0) {
    throw new AppError('USAGE', 'there is nothing to attach: neither a file nor an annotation');
  }
  await using files = await readFiles(context, input, written, annotations, options);
  await using store = await context.openWrite(location, 'single', options);
  const subject =
    requestedPlatform(context) === undefined
      ? await store.resolve(location.ref, options)
      : (await openRequestedImage(context, store, location.ref, options)).descriptor;
  const packed = await publish(
    context,
    input,
    store,
    { files, annotations, artifactType, subject, tags: [] },
    options,
  );
  const { digest } = packed.descriptor;
  const json = {
    Name: placeOf(location),
    Subject: subject.digest,
    ...publishedJson(packed, files),
  };
  return { kind: 'value', json, text: () => `${placeOf(location)}@${digest}` };
}
